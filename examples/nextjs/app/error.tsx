"use client";

/** Shown if a page cannot be rendered, for example while the database of the sessions is unavailable. */
export default function ErrorPage({ retry }: { error: unknown; retry: () => void }) {
  return (
    <main>
      <h1>Tasks</h1>
      <p role="alert">The server is unavailable at the moment.</p>
      <button onClick={retry}>Try again</button>
    </main>
  );
}
