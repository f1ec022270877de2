import type { Metadata } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import "./globals.css";

export const metadata: Metadata = { title: "Tasks", description: "A task list on todo-api" };

export default async function Layout({ children }: { children: ReactNode }) {
  // Every page is rendered for its request, because a prerendered page cannot have the nonce of the content security policy.
  await connection();
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
