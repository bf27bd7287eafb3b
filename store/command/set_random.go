package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
	"spindle/store/arena"
	"spindle/store/intset"
	"spindle/store/listpack"
	"spindle/store/set"
)

var sremName = []byte("SREM")

// randomMember returns a random member of a set that exists and is not empty: a view, or digits in buf.
func (c *Ctx) randomMember(k *store.Key, buf []byte) []byte {
	rng := c.S.Store.Rand
	switch v := k.Bytes(); k.Encoding() {
	case store.Intset:
		return appendMember(buf[:0], intset.Random(v, rng))
	case store.PackedSet:
		return listpack.Element(v, listpack.Random(v, rng, 1), buf)
	}
	return largeSet(k).Random(rng)
}

func spopCommand(c *Ctx) error {
	if len(c.Args) > 3 {
		return resp.ErrSyntax
	}
	if len(c.Args) == 3 {
		return c.popMany()
	}
	k, err := c.FindForWrite(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	c.popOne(&k)
	return nil
}

// popOne removes a random member of a set that exists, and answers with it.
func (c *Ctx) popOne(k *store.Key) {
	var buf [20]byte
	member := c.randomMember(k, buf[:])
	c.Out.Bulk(member)
	c.Propagate(sremName, c.Args[1], member)
	removeMember(k, lastBulk(c.Out, len(member)))
	c.Changed(ClassSet, "spop", c.Args[1])
	c.dropEmptySet(k, c.Args[1])
}

// lastBulk returns the n bytes of the bulk string just written: they stay when what they were copied from has gone.
func lastBulk(w *resp.Writer, n int) []byte {
	end := len(w.Buf) - len("\r\n")
	return w.Buf[end-n : end : end]
}

// popMany is SPOP with a count.
func (c *Ctx) popMany() error {
	count, ok := resp.ParseInt(c.Args[2])
	if !ok || count < 0 {
		return resp.ErrNotPositive
	}
	k, err := c.FindForWrite(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	size := int64(setLen(&k))
	if size == 0 || count == 0 {
		c.Out.Set(0)
		return nil
	}
	c.Changed(ClassSet, "spop", c.Args[1])
	if count >= size {
		c.Out.Set(int(size))
		replyMembers(c.Out, &k)
		c.Propagate(delName, c.Args[1])
		k.Delete()
		c.Changed(ClassGeneric, "del", c.Args[1])
		return nil
	}
	c.Out.Set(int(count))
	e := removals{c: c}
	if (size-count)*popKeepShare <= count {
		c.popMost(&k, count, &e)
	} else {
		var buf [20]byte
		for range count {
			member := c.randomMember(&k, buf[:])
			removeMember(&k, e.reply(member))
		}
	}
	e.end()
	return nil
}

// popKeepShare: when no more than one member is kept for so many that are popped, a new set is made of the kept
// ones. (It may be an intset again: Redis does the same.)
const popKeepShare = 5

// popMost pops count random members of a set by keeping the others.
func (c *Ctx) popMost(k *store.Key, count int64, e *removals) {
	kept := setBuilder{c: c}
	left := int64(setLen(k))
	eachMember(k, func(member []byte) {
		if c.S.Store.Rand.Int64N(left) < count {
			e.reply(member)
			count--
		} else {
			kept.add(&candidate{member: member})
		}
		left--
	})
	kept.install(k, c.Args[1], store.KeepExpire)
}

// removals are the effects of SPOP: SREM of the members it answers with.
type removals struct {
	c    *Ctx
	args [][]byte
}

// reply writes a popped member and returns a view of it that outlives its removal.
func (e *removals) reply(member []byte) []byte {
	if len(e.args) == 0 {
		e.args = append(e.args, sremName, e.c.Args[1])
	}
	e.c.Out.Bulk(member)
	member = lastBulk(e.c.Out, len(member))
	if e.args = append(e.args, member); len(e.args) == membersPerEffect {
		e.end()
	}
	return member
}

func (e *removals) end() {
	if len(e.args) > 0 {
		e.c.Propagate(e.args...)
		e.args = e.args[:0]
	}
}

// membersPerEffect bounds the arguments of a logged command.
const membersPerEffect = 1024

func srandmemberCommand(c *Ctx) error {
	if len(c.Args) > 3 {
		return resp.ErrSyntax
	}
	if len(c.Args) == 3 {
		return c.randomMembers()
	}
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	var buf [20]byte
	c.Out.Bulk(c.randomMember(&k, buf[:]))
	return nil
}

// randomMembers is SRANDMEMBER with a count.
func (c *Ctx) randomMembers() error {
	count, err := c.rangedInt(2, -math.MaxInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	size := int64(setLen(&k))
	switch {
	case size == 0 || count == 0:
		c.Out.EmptyArray()
	case count < 0:
		return c.membersRepeated(&k, -count)
	case count >= size:
		c.Out.Array(int(size))
		replyMembers(c.Out, &k)
	default:
		c.Out.Array(int(count))
		c.membersOnce(&k, count)
	}
	return nil
}

// membersRepeated answers with count members that may be the same.
func (c *Ctx) membersRepeated(k *store.Key, count int64) error {
	if err := checkReplyCount(count); err != nil {
		return err
	}
	start, rng := len(c.Out.Buf), c.S.Store.Rand
	c.Out.Array(int(count))
	var places []int32
	if k.Encoding() == store.PackedSet {
		places = listpack.Offsets(nil, k.Bytes(), 1)
	}
	var buf [20]byte
	for range count {
		if places != nil {
			replyElement(c.Out, k.Bytes(), int(places[rng.IntN(len(places))]))
		} else {
			c.Out.Bulk(c.randomMember(k, buf[:]))
		}
		if c.tooLong(start) {
			return resp.ErrOutOfRange
		}
	}
	return nil
}

// membersOnce writes count different members of a set that has more.
func (c *Ctx) membersOnce(k *store.Key, count int64) {
	rng := c.S.Store.Rand
	if s := largeSet(k); s != nil && count*sampleShare < int64(s.Len()) {
		c.fewMembers(s, int(count))
		return
	}
	left := int64(setLen(k))
	eachMember(k, func(member []byte) {
		if count > 0 && rng.Int64N(left) < count {
			c.Out.Bulk(member)
			count--
		}
		left--
	})
}

// fewMembers writes count different members of s, which has several times as many.
func (c *Ctx) fewMembers(s *set.Set, count int) {
	chosen := make(map[arena.Ref]struct{}, count)
	for len(chosen) < count {
		r := s.RandomRef(c.S.Store.Rand)
		if _, again := chosen[r]; !again {
			chosen[r] = struct{}{}
			c.Out.Bulk(s.Member(r))
		}
	}
}
