import { DatabaseSync } from "node:sqlite";
import { Pool } from "pg";

const url = process.env.DATABASE_URL;

/** Database of Better Auth: PostgreSQL, which may be the API's database, or a file for development. */
export const database = url ? openPool(url) : new DatabaseSync("auth.db");

function openPool(connectionString: string) {
  const pool = new Pool({ connectionString, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  // Without a listener, an idle connection that PostgreSQL closes would end this process. The pool opens another connection.
  pool.on("error", (error) => console.error("idle database connection failed:", error.message));
  return pool;
}
