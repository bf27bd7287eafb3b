package command

import (
	"cmp"
	"math"
	"slices"

	"spindle/resp"
	"spindle/store"
	"spindle/store/intset"
	"spindle/store/listpack"
	"spindle/store/set"
)

// An operand is a set as one command sees it. It is valid until a key is written.
type operand struct {
	enc   store.Encoding
	v     []byte   // of a small one
	large *set.Set // or nil
	len   int      // 0 if the key is missing
}

// operands looks the sets up.
func (c *Ctx) operands(keys [][]byte) ([]operand, error) {
	ops := make([]operand, len(keys))
	for i, key := range keys {
		k, err := c.Find(key, store.Set)
		if err != nil {
			return nil, err
		}
		if k.Exists() {
			ops[i] = operand{k.Encoding(), k.Bytes(), largeSet(&k), setLen(&k)}
		}
	}
	return ops, nil
}

// A candidate is a member that is looked up in several sets: what it costs to prepare is done once.
type candidate struct {
	member         []byte
	hash           uint64
	n              int64
	hashed, parsed bool
	isInt          bool
}

func (o *operand) has(m *candidate) bool {
	switch {
	case o.len == 0:
		return false
	case o.large != nil:
		if !m.hashed {
			m.hash, m.hashed = o.large.Hash(m.member), true
		}
		return o.large.Has(m.hash, m.member)
	case o.enc == store.PackedSet:
		return listpack.Find(o.v, listpack.First(o.v), m.member, 0) != listpack.None
	}
	if !m.parsed {
		m.n, m.isInt = listpack.ParseInt(m.member)
		m.parsed = true
	}
	return m.isInt && intset.Has(o.v, m.n)
}

// scanChunk is how many members each looks at before it asks whether to go on.
const scanChunk = 64

// each calls f for the members until it returns false. The views end with the call.
func (o *operand) each(f func(member []byte) bool) {
	switch {
	case o.len == 0:
	case o.large != nil:
		more := true
		visit := func(member []byte) { more = more && f(member) }
		for cursor := uint64(0); more; {
			if cursor = o.large.Scan(cursor, scanChunk, visit); cursor == 0 {
				break
			}
		}
	case o.enc == store.PackedSet:
		var digits [20]byte
		for off := listpack.First(o.v); off != listpack.None && f(listpack.Element(o.v, off, digits[:])); {
			off = listpack.Next(o.v, off)
		}
	default:
		var digits [20]byte
		for i := 0; i < o.len && f(appendMember(digits[:0], intset.Get(o.v, i))); {
			i++
		}
	}
}

// intersect calls f for the common members until it returns false: it walks over the smallest set.
func intersect(ops []operand, f func(member []byte) bool) {
	slices.SortStableFunc(ops, func(a, b operand) int { return cmp.Compare(a.len, b.len) })
	first, others := &ops[0], ops[1:]
	first.each(func(member []byte) bool {
		m := candidate{member: member}
		for i := range others {
			if !others[i].has(&m) {
				return true
			}
		}
		return f(member)
	})
}

// unite calls f for every member of any set, once.
func unite(ops []operand, f func(member []byte) bool) {
	for i := range ops {
		before := ops[:i]
		ops[i].each(func(member []byte) bool {
			m := candidate{member: member}
			for j := range before {
				if before[j].has(&m) {
					return true
				}
			}
			return f(member)
		})
	}
}

// subtract calls f for the members of the first set that are in none of the others, or collects them in b, whichever way
// is less work (as in Redis).
func subtract(ops []operand, b *setBuilder, f func(member []byte) bool) {
	first, others := &ops[0], ops[1:]
	if first.len == 0 {
		return
	}
	total := 0
	for i := range ops {
		total += ops[i].len
	}
	if first.len*len(ops)/2 <= total {
		slices.SortStableFunc(others, func(a, b operand) int { return cmp.Compare(b.len, a.len) })
		first.each(func(member []byte) bool {
			m := candidate{member: member}
			for i := range others {
				if others[i].has(&m) {
					return true
				}
			}
			return f(member)
		})
		return
	}
	first.each(b.add)
	for i := range others {
		others[i].each(b.remove)
	}
}

// setBuilder collects the members of a new set outside the keyspace.
type setBuilder struct {
	c     *Ctx
	ints  []byte   // an intset, as long as that will do
	large *set.Set // or else
}

func (b *setBuilder) len() int {
	switch {
	case b.large != nil:
		return b.large.Len()
	case b.ints == nil:
		return 0
	}
	return intset.Len(b.ints)
}

// add adds a member. It returns true, to be a visitor of each.
func (b *setBuilder) add(member []byte) bool {
	if b.large == nil {
		if n, ok := listpack.ParseInt(member); ok {
			if b.ints == nil {
				b.ints = intset.New(nil)
			}
			if b.ints, _ = intset.Add(b.ints, n); intset.Len(b.ints) > min(b.c.S.Config.SetMaxIntsetEntries, intsetLenMax) {
				b.enlarge()
			}
			return true
		}
		b.enlarge()
	}
	b.large.Add(member)
	return true
}

// remove removes a member. It returns true as long as some are left.
func (b *setBuilder) remove(member []byte) bool {
	if b.large != nil {
		b.large.Remove(member)
	} else if n, ok := listpack.ParseInt(member); ok && b.ints != nil {
		b.ints, _ = intset.Remove(b.ints, n)
	}
	return b.len() > 0
}

func (b *setBuilder) enlarge() {
	s := b.c.S.Store
	b.large = set.New(s.Mem, s.Seed())
	b.operand().each(func(member []byte) bool { return b.large.Add(member) })
	b.ints = nil
}

// operand returns the collected members.
func (b *setBuilder) operand() *operand {
	if b.large != nil && b.ints == nil { // while enlarge runs, the integers are still the ones
		return &operand{store.Hashtable, nil, b.large, b.large.Len()}
	}
	return &operand{store.Intset, b.ints, nil, b.intsLen()}
}

func (b *setBuilder) intsLen() int {
	if b.ints == nil {
		return 0
	}
	return intset.Len(b.ints)
}

// drop frees the members of a builder that is not stored.
func (b *setBuilder) drop() {
	if b.large != nil {
		b.c.S.Store.Drop(b.large)
	}
}

// store makes the members the value of a key, or deletes the key if there are none, and answers with their number.
func (b *setBuilder) store(name []byte, event string) {
	c, n := b.c, b.len()
	k := c.DB.FindForWrite(name)
	c.Out.Int(int64(n))
	if n == 0 {
		b.drop()
		if k.Exists() {
			k.Delete()
			c.Changed(ClassGeneric, "del", name)
		}
		return
	}
	b.install(&k, name, 0)
	c.Changed(ClassSet, event, name)
}

// install makes the members, of which there are some, the value of a key.
func (b *setBuilder) install(k *store.Key, name []byte, expireAt int64) {
	lp := b.packed()
	switch {
	case lp != nil:
		copy(k.Set(name, store.Set, store.PackedSet, len(lp), expireAt), lp)
		b.drop()
	case b.large != nil:
		k.SetObject(name, store.Set, store.Hashtable, b.large, expireAt)
	default:
		copy(k.Set(name, store.Set, store.Intset, len(b.ints), expireAt), b.ints)
	}
}

// packed returns a listpack of the members, nil if they are integers only or too many or too long.
func (b *setBuilder) packed() []byte {
	if b.large == nil || b.large.Len() > packedSetLen {
		return nil
	}
	lp, fits := listpack.New(nil), true
	b.large.Each(func(member []byte) {
		if fits = fits && len(member) <= packedSetBytes; fits {
			lp = listpack.Append(lp, member)
		}
	})
	if !fits {
		return nil
	}
	return lp
}

// replySet answers with the members that walk visits or the builder collects.
func (c *Ctx) replySet(walk func(b *setBuilder, f func(member []byte) bool)) {
	b := setBuilder{c: c}
	d := c.Out.ReserveSet()
	n := 0
	reply := func(member []byte) bool {
		c.Out.Bulk(member)
		n++
		return true
	}
	walk(&b, reply)
	if b.len() > 0 {
		b.operand().each(reply)
	}
	b.drop()
	c.Out.SetLen(d, n)
}

func sinterCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[1:])
	if err != nil {
		return err
	}
	c.replySet(func(_ *setBuilder, f func([]byte) bool) { intersect(ops, f) })
	return nil
}

func sinterstoreCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[2:])
	if err != nil {
		return err
	}
	b := setBuilder{c: c}
	intersect(ops, b.add)
	b.store(c.Args[1], "sinterstore")
	return nil
}

func sintercardCommand(c *Ctx) error {
	n, ok := resp.ParseInt(c.Args[1])
	if !ok || n < 1 {
		return resp.ErrNumkeys
	}
	if n > int64(len(c.Args)-2) {
		return resp.ErrTooManyNumkeys
	}
	limit := int64(0)
	for a := c.Options(2 + int(n)); a.More(); {
		if !a.TokenWith("LIMIT", 1) {
			return resp.ErrSyntax
		}
		b, _ := a.Next()
		if limit, ok = resp.ParseInt(b); !ok || limit < 0 {
			return resp.ErrLimitNegative
		}
	}
	if limit == 0 {
		limit = math.MaxInt64
	}
	ops, err := c.operands(c.Args[2 : 2+n])
	if err != nil {
		return err
	}
	found := int64(0)
	intersect(ops, func([]byte) bool {
		found++
		return found < limit
	})
	c.Out.Int(found)
	return nil
}

// integersOnly reports whether all sets are intsets: their union is answered in order.
func integersOnly(ops []operand) bool {
	for i := range ops {
		if ops[i].len > 0 && ops[i].enc != store.Intset {
			return false
		}
	}
	return true
}

func sunionCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[1:])
	if err != nil {
		return err
	}
	c.replySet(func(b *setBuilder, f func([]byte) bool) {
		if integersOnly(ops) {
			f = b.add
		}
		unite(ops, f)
	})
	return nil
}

func sunionstoreCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[2:])
	if err != nil {
		return err
	}
	b := setBuilder{c: c}
	for i := range ops {
		ops[i].each(b.add)
	}
	b.store(c.Args[1], "sunionstore")
	return nil
}

func sdiffCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[1:])
	if err != nil {
		return err
	}
	c.replySet(func(b *setBuilder, f func([]byte) bool) { subtract(ops, b, f) })
	return nil
}

func sdiffstoreCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[2:])
	if err != nil {
		return err
	}
	b := setBuilder{c: c}
	subtract(ops, &b, b.add)
	b.store(c.Args[1], "sdiffstore")
	return nil
}
