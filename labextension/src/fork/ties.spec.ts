import { tiesOf, untied } from './ties';

const PLACE = { origin: '/p/churn', root: '/p/churn-fork' };
const ties = (source: string, place = PLACE): string[] => tiesOf(source, place).map(each => `${each.kind} ${each.disk_path}`);

describe('what a fork still names of its origin', () => {
  it.each([
    ["open('/p/churn/x.csv', 'w')", ['writes /p/churn/x.csv']],
    ['open("/p/churn/x.csv", mode="ab")', ['writes /p/churn/x.csv']],
    ["table.to_csv('/p/churn/out put.csv')", ['writes /p/churn/out put.csv']],
    ["open('/p/churn/x.csv')", ['names /p/churn/x.csv']],
    ["open('/p/churn/x.csv', 'rb')", ['names /p/churn/x.csv']],
    ["a = '/p/churn/x.csv'\nsave('/p/churn/x.csv')", ['writes /p/churn/x.csv']],
    ['!cat /p/churn/x.csv > here', ['names /p/churn/x.csv']],
    ["ROOT = '/p/churn'", ['names /p/churn']],
    ["open('file:///p/churn/x.csv')", ['names /p/churn/x.csv']],
    ["copy('/p/churn/a', '/p/churn/b')", ['names /p/churn/a', 'names /p/churn/b']],
    ["open('/p/churn2/x.csv', 'w')", []],
    ["open('/p/churn-fork/x.csv', 'w')", []],
    ["open('/backup/p/churn/x.csv')", []],
    ["  # see '/p/churn/x.csv'", []],
    ["open('x.csv', 'w')", []]
  ])('%j', (source, expected) => expect(ties(source)).toEqual(expected));

  it('leaves out the fork itself where it lies inside its origin', () => {
    const inside = { origin: '/p/churn', root: '/p/churn/tries/second' };
    expect(ties("open('/p/churn/tries/second/x'); open('/p/churn/tries/x')", inside)).toEqual(['names /p/churn/tries/x']);
  });
});

describe('pointing it into the fork', () => {
  it('changes the folder and nothing else', () => {
    const source = "# was /p/churn\ncopy('/p/churn/a', '/p/churn/b')\nopen('/p/churn2/x')";
    expect(untied(source, PLACE)).toBe("# was /p/churn\ncopy('/p/churn-fork/a', '/p/churn-fork/b')\nopen('/p/churn2/x')");
  });

  it.each(["open('/p/churn/x', 'w')", "ROOT = '/p/churn'", '!ls /p/churn /p/churn/x'])('leaves no tie in %j', source =>
    expect(ties(untied(source, PLACE))).toEqual([])
  );

  it('is the same when done twice', () => {
    const inside = { origin: '/p/churn', root: '/p/churn/tries' };
    const once = untied("open('/p/churn/x')", inside);
    expect(once).toBe("open('/p/churn/tries/x')");
    expect(untied(once, inside)).toBe(once);
  });
});
