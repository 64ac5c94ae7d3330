-- name: over(moment)
-- The sandboxes that were over at an instant, the longest first.
SELECT school_id FROM register.sandbox WHERE until <= :moment ORDER BY until;

-- name: forget(school_id, moment)$
-- Remove every row of a sandbox that is over; whether that was done here.
SELECT register.forget_sandbox(:school_id, :moment);
