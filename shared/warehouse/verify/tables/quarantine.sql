-- Objects that are set aside although they were loaded: nothing of what is in quarantine may be in another table.
select format('%s: it is in quarantine (%s), but in the ledger too', key, kind)
from warehouse.quarantine
join warehouse.walk using (key)
where quarantine.decision is distinct from 'release'
