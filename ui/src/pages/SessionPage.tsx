export function SessionPage() { return <main className="screen" />; }
