export function SourcesPage() { return <main className="screen" />; }
