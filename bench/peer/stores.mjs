// Where node-oidc-provider keeps what it must remember: a Map, or a PostgreSQL table.
//
// A store is an `Adapter` (the library's interface: a model's rows by id, uid and grant) and `record`, which keeps a
// JWT access token's record as SigID keeps one. On PostgreSQL each call is one statement, committed before it returns.

import { randomUUID } from 'node:crypto';

import pg from 'pg';

const seconds = () => Math.floor(Date.now() / 1000);

/** A Map without bounds: the library's own memory adapter forgets all but the last thousand. */
export function memoryStore() {
  const rows = new Map();
  const sessionsByUid = new Map();
  const keysByGrant = new Map();

  class Adapter {
    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload) {
      const key = `${this.model}:${id}`;
      rows.set(key, payload);
      if (payload.uid) sessionsByUid.set(payload.uid, key);
      if (payload.grantId) {
        const keys = keysByGrant.get(payload.grantId);
        if (keys) keys.push(key);
        else keysByGrant.set(payload.grantId, [key]);
      }
    }

    async find(id) {
      return rows.get(`${this.model}:${id}`);
    }

    async findByUid(uid) {
      return rows.get(sessionsByUid.get(uid));
    }

    async findByUserCode() {}

    async consume(id) {
      rows.get(`${this.model}:${id}`).consumed = seconds();
    }

    async destroy(id) {
      rows.delete(`${this.model}:${id}`);
    }

    async revokeByGrantId(grantId) {
      for (const key of keysByGrant.get(grantId) ?? []) rows.delete(key);
      keysByGrant.delete(grantId);
    }
  }

  return {
    Adapter,
    record: async (token) => void rows.set(`Record:${randomUUID()}`, token),
  };
}

const SCHEMA = `
  create table if not exists oidc (
    model text not null, id text not null, payload jsonb not null, grant_id text, uid text,
    expires_at timestamptz, consumed bigint, primary key (model, id)
  );
  create index if not exists oidc_grant on oidc (grant_id);
  create index if not exists oidc_uid on oidc (uid);
`;

/** The table that the library's own examples suggest; every statement is prepared once per connection. */
export async function postgresqlStore(url) {
  const pool = new pg.Pool({ connectionString: url, max: 16 });
  await pool.query(SCHEMA);

  const statement = (name, text) => (...values) => pool.query({ name, text, values });
  const upsert = statement('upsert', `
    insert into oidc (model, id, payload, grant_id, uid, expires_at) values ($1, $2, $3, $4, $5, to_timestamp($6))
    on conflict (model, id) do update
    set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`);
  const find = statement('find', `
    select payload, consumed from oidc where model = $1 and id = $2 and (expires_at is null or expires_at > now())`);
  const findByUid = statement('find_by_uid', 'select payload, consumed from oidc where model = $1 and uid = $2');
  const consume = statement('consume', 'update oidc set consumed = $3 where model = $1 and id = $2');
  const destroy = statement('destroy', 'delete from oidc where model = $1 and id = $2');
  const revoke = statement('revoke', 'delete from oidc where grant_id = $1');

  const one = ({ rows: [row] }) => row && (row.consumed ? { ...row.payload, consumed: +row.consumed } : row.payload);
  const save = (model, id, payload, life) =>
    upsert(model, id, payload, payload.grantId ?? null, payload.uid ?? null, life ? Date.now() / 1000 + life : null);

  class Adapter {
    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload, life) {
      await save(this.model, id, payload, life);
    }

    async find(id) {
      return one(await find(this.model, id));
    }

    async findByUid(uid) {
      return one(await findByUid(this.model, uid));
    }

    async findByUserCode() {}

    async consume(id) {
      await consume(this.model, id, seconds());
    }

    async destroy(id) {
      await destroy(this.model, id);
    }

    async revokeByGrantId(grantId) {
      await revoke(grantId);
    }
  }

  return { Adapter, record: (token, life) => save('Record', randomUUID(), token, life) };
}
