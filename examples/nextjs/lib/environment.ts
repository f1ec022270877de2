/** URL of todo-api for this server. It is read at run time, so that one build runs everywhere. */
export const apiUrl = process.env.API_URL ?? "http://localhost:8000";

/** Whether todo-api signs users in, instead of Better Auth in this app. */
export const isBuiltInAuth = process.env.BUILT_IN_AUTH === "true";
