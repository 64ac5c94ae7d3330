-- name: number_of(urn)$
-- The number of the register that a URN stands for.
SELECT school_id FROM register.urn WHERE urn = :urn;

-- name: add_urn(urn, school_id)!
-- A URN that a register answers to from now on.
INSERT INTO register.urn (urn, school_id) VALUES (:urn, :school_id);

-- name: add_school_facts(school_id, seq, effective_from, urn, name, phase, age_from, age_to, laestab, la_code, trust_uid, trust_name, continues, closed_on)!
-- What a change said of the school.
INSERT INTO register.school_facts (school_id, seq, effective_from, urn, name, phase, age_from, age_to, laestab, la_code,
                                   trust_uid, trust_name, continues, closed_on)
VALUES (:school_id, :seq, :effective_from, :urn, :name, :phase, :age_from, :age_to, :laestab, :la_code,
        :trust_uid, :trust_name, :continues, :closed_on);

-- name: add_policy(school_id, seq, effective_from, body)!
-- A policy and the date from which it holds.
INSERT INTO register.policy (school_id, seq, effective_from, body) VALUES (:school_id, :seq, :effective_from, :body);

-- name: school(on, seq, school_id)^
-- The school's facts and policy as they stand, or stood at a position; the facts that reach follows as they hold on a day:
-- of those that hold from one day on the latest recorded, and before the first of them that first.
SELECT f.urn, f.name, f.phase, f.age_from, f.age_to, r.laestab, r.la_code, r.trust_uid, r.trust_name, r.continues, r.closed_on,
       h.register_id,
       (SELECT p.body FROM register.policy p
        WHERE p.school_id = f.school_id AND (CAST(:seq AS bigint) IS NULL OR p.seq <= :seq)
        ORDER BY p.seq DESC LIMIT 1) AS policy
FROM register.school_facts f
JOIN ledger.head h ON h.school_id = f.school_id
JOIN LATERAL (SELECT * FROM register.school_facts
              WHERE school_id = f.school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
              ORDER BY effective_from <= CAST(:on AS date) DESC, abs(effective_from - CAST(:on AS date)), seq DESC
              LIMIT 1) r ON true
WHERE f.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR f.seq <= :seq)
ORDER BY f.seq DESC
LIMIT 1;
