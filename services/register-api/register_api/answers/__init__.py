"""What the routes answer, as the contract describes it: nothing here runs when a request is answered.

The routes build plain values, which are quick to write; every answer that the tests see is held against these models.
"""
