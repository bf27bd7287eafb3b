package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store"
	"spindle/store/hash"
	"spindle/store/listpack"
)

// packedBytesMax bounds a packed collection, whatever the configured thresholds: every change copies half of it, and it has to fit a
// record together with its key.
const packedBytesMax = 64 << 20

// setFields sets pairs of field and value in a hash, found or missing, that is called name. It returns how many fields are
// new. Expiries go, or stay with keepExpiry.
func (c *Ctx) setFields(k *store.Key, name []byte, pairs [][]byte, keepExpiry bool) (created int) {
	m := hashMap(k)
	if m == nil && !c.packable(pairs) {
		m = c.largeHash(k, name)
	}
	i := 0
	if m == nil {
		if i, created = c.setPacked(k, name, pairs); i < len(pairs) || c.tooManyPairs(k.Bytes()) {
			m = c.largeHash(k, name)
		}
	}
	for ; i < len(pairs); i += 2 {
		c.reapField(m, name, pairs[i])
		if m.Set(pairs[i], pairs[i+1], keepExpiry) {
			created++
		}
	}
	return created
}

// packable tells whether none of the strings is too long for a listpack.
func (c *Ctx) packable(pairs [][]byte) bool {
	limit := min(c.S.Config.HashMaxListpackValue, packedBytesMax)
	for _, b := range pairs {
		if len(b) > limit {
			return false
		}
	}
	return true
}

func (c *Ctx) tooManyPairs(lp []byte) bool {
	return listpack.Len(lp)/2 > c.S.Config.HashMaxListpackEntries || len(lp) > packedBytesMax
}

// setPacked sets pairs in a small or missing hash until it is to become a large one. It returns the place of the first
// pair not set, and how many fields are new.
func (c *Ctx) setPacked(k *store.Key, name []byte, pairs [][]byte) (i, created int) {
	var lp []byte
	if !k.Exists() {
		room := 0
		for _, b := range pairs[:2*min(len(pairs)/2, c.S.Config.HashMaxListpackEntries)] {
			room += listpack.EncodedSize(b)
		}
		lp = listpack.New(k.Set(name, store.Hash, store.Listpack, listpack.EmptySize+room, store.KeepExpire))
	} else {
		lp = k.Reserve(0)
	}
	for ; i < len(pairs) && !c.tooManyPairs(lp); i += 2 {
		off := findPair(lp, pairs[i])
		if off == listpack.None {
			lp = reserve(k, lp, len(lp)+listpack.EncodedSize(pairs[i])+listpack.EncodedSize(pairs[i+1]))
			lp = listpack.Append(listpack.Append(lp, pairs[i]), pairs[i+1])
			created++
			continue
		}
		if !listpack.Overwrite(lp, off, pairs[i+1]) {
			lp = reserve(k, lp, listpack.SizeAfterReplace(lp, off, pairs[i+1]))
			lp = listpack.Replace(lp, off, pairs[i+1])
		}
	}
	k.SetLen(len(lp))
	return i, created
}

// reserve makes room for n bytes in the value of k, which is v but for its length.
func reserve(k *store.Key, v []byte, n int) []byte {
	if n <= cap(v) {
		return v
	}
	k.SetLen(len(v))
	return k.Reserve(n)
}

// largeHash makes a large hash of a small or missing one.
func (c *Ctx) largeHash(k *store.Key, name []byte) *hash.Map {
	s := k.DB().Store()
	m := hash.New(s.Mem, s.Seed())
	if k.Exists() {
		lp := k.Bytes()
		var fieldBuf, valueBuf [20]byte
		for off := listpack.First(lp); off != listpack.None; {
			value := listpack.Next(lp, off)
			m.Set(listpack.Element(lp, off, fieldBuf[:]), listpack.Element(lp, value, valueBuf[:]), false)
			off = listpack.Next(lp, value)
		}
	}
	k.SetObject(name, store.Hash, store.Hashtable, m, store.KeepExpire)
	c.settleFields(k, name)
	return m
}

// checkPairs refuses fields and values that no record can hold.
func checkPairs(pairs [][]byte) error {
	for i := 0; i < len(pairs); i += 2 {
		if !hash.Fits(len(pairs[i]), len(pairs[i+1])) {
			return resp.ErrStringTooLong
		}
	}
	return nil
}

// hset is HSET and HMSET up to the reply.
func hset(c *Ctx) (created int, err error) {
	if len(c.Args)%2 == 1 {
		return 0, resp.ErrWrongArity(c.Cmd.full)
	}
	if err := checkPairs(c.Args[2:]); err != nil {
		return 0, err
	}
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return 0, err
	}
	created = c.setFields(&k, c.Args[1], c.Args[2:], false)
	c.Changed(ClassHash, "hset", c.Args[1])
	return created, nil
}

func hsetCommand(c *Ctx) error {
	created, err := hset(c)
	if err != nil {
		return err
	}
	c.Out.Int(int64(created))
	return nil
}

func hmsetCommand(c *Ctx) error {
	if _, err := hset(c); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

func hsetnxCommand(c *Ctx) error {
	if err := checkPairs(c.Args[2:]); err != nil {
		return err
	}
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return err
	}
	var buf [20]byte
	if _, ok := fieldValue(&k, c.Args[2], buf[:]); ok {
		c.Out.Int(0)
		return nil
	}
	c.setFields(&k, c.Args[1], c.Args[2:], false)
	c.Changed(ClassHash, "hset", c.Args[1])
	c.Out.Int(1)
	return nil
}

// deleteField removes a field of a hash that exists and reports whether it was there.
func (c *Ctx) deleteField(k *store.Key, name, field []byte) bool {
	if m := hashMap(k); m != nil {
		c.reapField(m, name, field)
		return m.Delete(field)
	}
	lp := k.Bytes()
	off := listpack.Find(lp, listpack.First(lp), field, 1)
	if off == listpack.None {
		return false
	}
	lp, _ = listpack.Delete(lp, off, 2)
	k.SetLen(len(lp))
	return true
}

// dropEmpty removes a hash without fields. It reports whether it did.
func (c *Ctx) dropEmptyHash(k *store.Key, name []byte) bool {
	if !k.Exists() || hashLen(k) > 0 {
		return false
	}
	k.Delete()
	c.Changed(ClassGeneric, "del", name)
	return true
}

func hdelCommand(c *Ctx) error {
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return err
	}
	deleted := 0
	for _, field := range c.Args[2:] {
		if !k.Exists() || hashLen(&k) == 0 {
			break
		}
		if c.deleteField(&k, c.Args[1], field) {
			deleted++
		}
	}
	if deleted > 0 {
		c.Changed(ClassHash, "hdel", c.Args[1])
		c.dropEmptyHash(&k, c.Args[1])
	}
	c.Out.Int(int64(deleted))
	return nil
}

func hincrbyCommand(c *Ctx) error {
	by, err := c.Int(3)
	if err != nil {
		return err
	}
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return err
	}
	var buf [20]byte
	n := int64(0)
	if v, ok := fieldValue(&k, c.Args[2], buf[:]); ok {
		if n, ok = resp.ParseInt(v); !ok {
			return resp.ErrHashNotInt
		}
	}
	sum := n + by
	if by > 0 && sum < n || by < 0 && sum > n {
		return resp.ErrIncrOverflow
	}
	pair := [2][]byte{c.Args[2], strconv.AppendInt(buf[:0], sum, 10)}
	c.setFields(&k, c.Args[1], pair[:], true)
	c.Changed(ClassHash, "hincrby", c.Args[1])
	c.Out.Int(sum)
	return nil
}

func hincrbyfloatCommand(c *Ctx) error {
	by, ok := resp.ParseLongDouble(c.Args[3])
	if !ok {
		return resp.ErrNotFloat
	}
	if by.IsInf() {
		return resp.ErrIncrNaN
	}
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return err
	}
	var buf [20]byte
	if v, exists := fieldValue(&k, c.Args[2], buf[:]); exists {
		n, ok := resp.ParseLongDouble(v)
		if !ok {
			return resp.ErrHashNotFloat
		}
		if by, ok = n.Add(&by); !ok {
			return resp.ErrNaNOrInfinity
		}
	}
	pair := [2][]byte{c.Args[2], by.Append(nil)}
	c.setFields(&k, c.Args[1], pair[:], true)
	c.Changed(ClassHash, "hincrbyfloat", c.Args[1])
	c.propagateFields(&k, c.Args[1], pair[:], true) // other machines may compute another result
	c.Out.Bulk(pair[1])
	return nil
}
