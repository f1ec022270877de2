"use client";

/** Shown if a page cannot be rendered, for example while the database of the sessions is unavailable. */
export default function ErrorPage({ error, retry }: { error: Error & { digest?: string }; retry: () => void }) {
  return (
    <main>
      <h1>Tasks</h1>
      <p role="alert">This page is unavailable at the moment.</p>
      {/* The browser does not get the server's message. The log of the server has it with this number. */}
      {error.digest && <p>Reference: {error.digest}</p>}
      <button onClick={retry}>Try again</button>
    </main>
  );
}
