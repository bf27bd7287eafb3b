package command

import (
	"strconv"

	"spindle/store"
	"spindle/store/intset"
	"spindle/store/listpack"
	"spindle/store/set"
)

// A set has one of three encodings. Integers only, up to set-max-intset-entries: an intset in the key's record. A few short strings:
// a listpack there. Everything else: a set.Set. It goes from the first to the others, never back. Redis 7.0 knows no
// listpack here, so the second reports itself as a hashtable too.

const (
	packedSetLen   = 128 // most members of a listpack
	packedSetBytes = 64  // longest member of a listpack
	intsetLenMax   = 1 << 30
)

// largeSet returns the large set that k holds, nil for a small or missing one.
func largeSet(k *store.Key) *set.Set {
	if k.Exists() && k.Encoding() == store.Hashtable {
		return k.Object().(*set.Set)
	}
	return nil
}

// setLen returns the number of members of a set, found or missing.
func setLen(k *store.Key) int {
	if !k.Exists() {
		return 0
	}
	switch k.Encoding() {
	case store.Intset:
		return intset.Len(k.Bytes())
	case store.PackedSet:
		return listpack.Len(k.Bytes())
	}
	return largeSet(k).Len()
}

// hasMember reports whether member is in a set that exists.
func hasMember(k *store.Key, member []byte) bool {
	switch v := k.Bytes(); k.Encoding() {
	case store.Intset:
		n, ok := listpack.ParseInt(member)
		return ok && intset.Has(v, n)
	case store.PackedSet:
		return listpack.Find(v, listpack.First(v), member, 0) != listpack.None
	}
	s := largeSet(k)
	return s.Has(s.Hash(member), member)
}

// addMember adds a member to a set, found or missing, that is called name. It reports whether the member is new.
func (c *Ctx) addMember(k *store.Key, name, member []byte) bool {
	if !k.Exists() {
		return c.newSet(k, name, member)
	}
	switch k.Encoding() {
	case store.Intset:
		return c.addToIntset(k, name, member)
	case store.PackedSet:
		return c.addToPacked(k, name, member)
	}
	return largeSet(k).Add(member)
}

// newSet creates a set of one member.
func (c *Ctx) newSet(k *store.Key, name, member []byte) bool {
	if n, ok := listpack.ParseInt(member); ok {
		s := intset.New(k.Set(name, store.Set, store.Intset, intset.HeaderSize, store.KeepExpire))
		s, _ = intset.Add(k.Reserve(intset.SizeAfterAdd(s, n)), n)
		k.SetLen(len(s))
		c.limitIntset(k, name, s)
		return true
	}
	if len(member) > packedSetBytes {
		return c.enlargeSet(k, name).Add(member)
	}
	lp := listpack.New(k.Set(name, store.Set, store.PackedSet, listpack.EmptySize+listpack.EncodedSize(member), store.KeepExpire))
	listpack.Append(lp, member)
	return true
}

func (c *Ctx) addToIntset(k *store.Key, name, member []byte) bool {
	s := k.Bytes()
	n, ok := listpack.ParseInt(member)
	if ok {
		if intset.Has(s, n) {
			return false
		}
		s, _ = intset.Add(k.Reserve(intset.SizeAfterAdd(s, n)), n)
		k.SetLen(len(s))
		c.limitIntset(k, name, s)
		return true
	}
	if len(member) > packedSetBytes || intset.Len(s) >= packedSetLen {
		return c.enlargeSet(k, name).Add(member)
	}
	c.packIntset(k, name)
	return c.addToPacked(k, name, member)
}

// limitIntset makes a large set of an intset that has grown beyond its limit.
func (c *Ctx) limitIntset(k *store.Key, name, s []byte) {
	if intset.Len(s) > min(c.S.Config.SetMaxIntsetEntries, intsetLenMax) {
		c.enlargeSet(k, name)
	}
}

// packIntset makes a listpack of an intset.
func (c *Ctx) packIntset(k *store.Key, name []byte) {
	s := k.Bytes()
	lp := listpack.New(make([]byte, 0, listpack.EmptySize+10*intset.Len(s)))
	for i := range intset.Len(s) {
		lp = listpack.AppendInt(lp, intset.Get(s, i))
	}
	copy(k.Set(name, store.Set, store.PackedSet, len(lp), store.KeepExpire), lp)
}

func (c *Ctx) addToPacked(k *store.Key, name, member []byte) bool {
	lp := k.Bytes()
	if listpack.Find(lp, listpack.First(lp), member, 0) != listpack.None {
		return false
	}
	if len(member) > packedSetBytes || listpack.Len(lp) >= packedSetLen {
		return c.enlargeSet(k, name).Add(member)
	}
	lp = listpack.Append(k.Reserve(len(lp)+listpack.EncodedSize(member)), member)
	k.SetLen(len(lp))
	return true
}

// enlargeSet makes a large set of a small or missing one.
func (c *Ctx) enlargeSet(k *store.Key, name []byte) *set.Set {
	st := k.DB().Store()
	s := set.New(st.Mem, st.Seed())
	if k.Exists() {
		eachMember(k, func(member []byte) { s.Add(member) })
	}
	k.SetObject(name, store.Set, store.Hashtable, s, store.KeepExpire)
	return s
}

// removeMember removes member from a set that exists and reports whether it was there. The set may be empty
// afterwards.
func removeMember(k *store.Key, member []byte) bool {
	switch v := k.Bytes(); k.Encoding() {
	case store.Intset:
		n, ok := listpack.ParseInt(member)
		if !ok {
			return false
		}
		s, removed := intset.Remove(v, n)
		if removed {
			k.SetLen(len(s))
		}
		return removed
	case store.PackedSet:
		off := listpack.Find(v, listpack.First(v), member, 0)
		if off == listpack.None {
			return false
		}
		lp, _ := listpack.Delete(v, off, 1)
		k.SetLen(len(lp))
		return true
	}
	return largeSet(k).Remove(member)
}

// appendMember appends the digits of an integer member.
func appendMember(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
