export function HomePage() { return <main className="screen" />; }
