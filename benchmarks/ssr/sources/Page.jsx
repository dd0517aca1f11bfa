// The page that everybody renders: about a thousand elements, about 37 kB of HTML.
import { createContext, useContext, useId, useMemo, useState } from 'react';

// Servers of builds put the name of a build in place of this one, which has as many letters.
export const BUILD = 'build-000000';

const Currency = createContext('EUR');
const TOWNS = ['Lübeck', 'Wismar', 'Rostock', 'Stralsund', 'Danzig', 'Riga', 'Reval', 'Visby', 'Bergen'];
const GOODS = ['herring', 'salt', 'wax', 'furs', 'cloth', 'timber', 'grain', 'amber', 'beer', 'copper', 'honey'];

const Price = ({ cents }) => {
  const currency = useContext(Currency);
  return (
    <p className="price">
      <data value={cents}>{(cents / 100).toFixed(2)}</data> <abbr title="the coin of the market">{currency}</abbr>
    </p>
  );
};

const Card = ({ ware }) => {
  const id = useId();
  const [amount] = useState(1);
  return (
    <li className="card" data-ware={ware.number}>
      <h3 id={id}>{ware.name}</h3>
      <p className="from">
        from <b>{ware.town}</b>, <i>{ware.stock} in stock</i>
      </p>
      <Price cents={ware.cents} />
      <label className="amount">
        Amount <input type="number" name="amount" defaultValue={amount} aria-labelledby={id} />
      </label>
    </li>
  );
};

const list = (count) =>
  Array.from({ length: count }, (_, number) => ({
    number,
    name: `${GOODS[number % GOODS.length]} & co. no. ${number}`,
    town: TOWNS[(number * 7) % TOWNS.length],
    stock: (number * 37) % 101,
    cents: 199 + ((number * 7919) % 10000),
  }));

export default function Page({ visitor = 'nobody', count = 98 }) {
  const wares = useMemo(() => list(count), [count]);
  return (
    <Currency.Provider value="EUR">
      <main data-build={BUILD} data-visitor={visitor}>
        <h1>Wares of the market</h1>
        <ul>
          {wares.map((ware) => (
            <Card key={ware.number} ware={ware} />
          ))}
        </ul>
        <p>{wares.length} wares</p>
      </main>
    </Currency.Provider>
  );
}
