export function InboxPage() { return <main className="screen" />; }
