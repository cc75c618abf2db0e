-- Its owner wants the host to ask nothing inside it.
ALTER TABLE server ADD COLUMN agent_off INTEGER NOT NULL DEFAULT 0;
