import Notice from '../components/Notice';

export default function Home() {
  return <Notice owner="the guild" />;
}
