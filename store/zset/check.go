package zset

import (
	"bytes"
	"fmt"

	"spindle/store/arena"
)

// CheckInvariants verifies the whole set. It is meant for tests.
func (s *Set) CheckInvariants() error {
	t := &s.tree
	if t.len != s.tab.Len() {
		return fmt.Errorf("zset: %d elements in the tree, %d in the table", t.len, s.tab.Len())
	}
	c := checker{s: s}
	if t.root == 0 {
		if t.len != 0 || t.height != 0 || t.bytes != 0 {
			return fmt.Errorf("zset: no root, but length %d, height %d, %d bytes", t.len, t.height, t.bytes)
		}
		return nil
	}
	sum, err := c.node(t.root, t.height)
	switch {
	case err != nil:
		return err
	case sum.count != t.len:
		return fmt.Errorf("zset: %d elements below the root, %d counted", sum.count, t.len)
	case c.last != 0 && t.leaf(c.last).next != 0:
		return fmt.Errorf("zset: the last leaf has a successor")
	case c.bytes != t.bytes:
		return fmt.Errorf("zset: %d bytes of nodes, %d counted", c.bytes, t.bytes)
	}
	return nil
}

type checker struct {
	s         *Set
	last      arena.Ref // leaf
	prevScore float64
	prev      arena.Ref // element
	bytes     int64
}

func (c *checker) node(r arena.Ref, level int) (summary, error) {
	t := &c.s.tree
	c.bytes += int64(t.mem.Cap(r))
	if level == 0 {
		return c.leaf(r)
	}
	in := t.inner(r)
	if in.n < 1 || in.n > innerFan || r == t.root && in.n < 2 {
		return summary{}, fmt.Errorf("zset: an inner node with %d children", in.n)
	}
	for i := range in.n {
		got, err := c.node(in.kids[i], level-1)
		if err != nil {
			return got, err
		}
		if want := (summary{in.scores[i], in.firsts[i], in.kids[i], in.counts[i]}); got != want {
			return got, fmt.Errorf("zset: a child is %+v, its parent says %+v", got, want)
		}
	}
	return in.summary(r), nil
}

func (c *checker) leaf(r arena.Ref) (summary, error) {
	t := &c.s.tree
	l := t.leaf(r)
	if l.n < 1 || l.n > leafFan {
		return summary{}, fmt.Errorf("zset: a leaf with %d elements", l.n)
	}
	if l.prev != c.last || c.last != 0 && t.leaf(c.last).next != r {
		return summary{}, fmt.Errorf("zset: leaves are not linked in order")
	}
	c.last = r
	for i := range l.n {
		if err := c.element(l.scores[i], l.refs[i]); err != nil {
			return summary{}, err
		}
	}
	return l.summary(r), nil
}

func (c *checker) element(score float64, r arena.Ref) error {
	tab := c.s.tab
	member, value := tab.KeyValue(r)
	if got := getScore(value); got != score {
		return fmt.Errorf("zset: %q has score %v, the tree says %v", member, got, score)
	}
	if e := tab.Find(member); e.Ref() != r {
		return fmt.Errorf("zset: %q is not in the table", member)
	}
	if c.prev != 0 {
		p := tab.Key(c.prev)
		if c.prevScore > score || c.prevScore == score && bytes.Compare(p, member) >= 0 {
			return fmt.Errorf("zset: %v %q comes before %v %q", c.prevScore, p, score, member)
		}
	}
	c.prev, c.prevScore = r, score
	return nil
}
