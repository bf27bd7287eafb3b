package command

import (
	"errors"
	"fmt"

	"spindle/aof/rdb"
	"spindle/store"
	"spindle/store/hash"
	"spindle/store/intset"
	"spindle/store/list"
	"spindle/store/listpack"
	"spindle/store/set"
	"spindle/store/zset"
)

// A loadedValue has been read from RDB form and is complete, but not in the keyspace yet: bad input leaves no trace there. One of its
// methods must be called, once.
type loadedValue interface {
	install(k *store.Key, name []byte, expireAt int64)
	drop()
}

var (
	errEmptyValue = errors.New("a collection without elements")
	errDuplicate  = errors.New("an element is there twice")
	errTooLong    = errors.New("an element is too long")
)

// rdbRead reads the value that r has begun, of a type byte, with the encoding that the configured thresholds ask for.
// Packed values stay as they are, as far as the thresholds allow.
func (c *Ctx) rdbRead(r *rdb.Reader, typ byte) (loadedValue, error) {
	switch rdb.KindOf(typ) {
	case rdb.String:
		if _, err := r.NextItem(); err != nil {
			return nil, err
		}
		return stringValue(r.Item.Key), nil
	case rdb.List:
		return c.readList(r)
	case rdb.Set:
		return c.readSet(r)
	case rdb.ZSet:
		return c.readZSet(r)
	case rdb.Hash:
		return c.readHash(r)
	case rdb.Stream:
		return c.readStream(r)
	}
	return nil, fmt.Errorf("values of RDB type %d are not supported", typ)
}

// stringValue is a view, valid until the reader's next call.
type stringValue []byte

func (v stringValue) install(k *store.Key, name []byte, expireAt int64) {
	setString(k, name, v, expireAt)
}

func (v stringValue) drop() {}

// packedValue goes into the key's record. Its bytes may be a view, valid until the reader's next call.
type packedValue struct {
	typ   store.Type
	enc   store.Encoding
	bytes []byte
}

func (v packedValue) install(k *store.Key, name []byte, expireAt int64) {
	copy(k.Set(name, v.typ, v.enc, len(v.bytes), expireAt), v.bytes)
}

func (v packedValue) drop() {}

type objectValue struct {
	s   *store.Store
	typ store.Type
	enc store.Encoding
	o   store.Object
}

func (v objectValue) install(k *store.Key, name []byte, expireAt int64) {
	k.SetObject(name, v.typ, v.enc, v.o, expireAt)
}

func (v objectValue) drop() { v.s.Drop(v.o) }

// canonical returns a listpack with the elements of lp, a valid one, in the form that searches expect.
func canonical(lp []byte) []byte {
	if listpack.Canonical(lp) {
		return lp
	}
	return listpack.Recode(nil, lp)
}

// listReader collects a list: the first chunk in first, and if there are more all of them in large.
type listReader struct {
	c     *Ctx
	first []byte
	large *list.List
}

func (c *Ctx) readList(r *rdb.Reader) (loadedValue, error) {
	b := listReader{c: c}
	for {
		ok, err := r.NextItem()
		if err == nil && ok {
			err = b.item(&r.Item)
		}
		if err != nil {
			b.drop()
			return nil, err
		}
		if !ok {
			return b.value()
		}
	}
}

func (b *listReader) item(it *rdb.Item) error {
	switch {
	case it.Op == rdb.ItemListpack:
		b.chunk(canonical(it.Key))
		return nil
	case len(it.Key) > list.ElementMax:
		return errTooLong
	case it.Op == rdb.ItemPlain:
		b.chunk(listpack.Append(listpack.New(nil), it.Key))
		return nil
	}
	if b.large == nil {
		b.enlarge()
	}
	b.large.Push(it.Key, false)
	return nil
}

// chunk adds lp, which is borrowed, as a chunk.
func (b *listReader) chunk(lp []byte) {
	if b.large == nil && b.first == nil && len(lp) <= packedBytesMax {
		b.first = append([]byte(nil), lp...)
		return
	}
	if b.large == nil {
		b.enlarge()
	}
	b.large.AppendChunk(lp)
}

func (b *listReader) enlarge() {
	b.large = list.New(b.c.S.Store.Mem)
	b.large.SetLimits(b.c.listLimits())
	if b.first != nil {
		b.large.AppendChunk(b.first)
	}
}

func (b *listReader) value() (v loadedValue, err error) {
	switch {
	case b.large == nil && b.first == nil || b.large != nil && b.large.Len() == 0:
		return nil, errEmptyValue
	case b.large == nil:
		return packedValue{store.List, store.Quicklist, b.first}, nil
	}
	v = objectValue{b.c.S.Store, store.List, store.Quicklist, b.large}
	if b.large.Chunks() == 1 {
		b.large.Each(func(lp []byte) {
			if len(lp) <= packedBytesMax {
				v = packedValue{store.List, store.Quicklist, append([]byte(nil), lp...)}
				b.drop()
			}
		})
	}
	return v, nil
}

func (b *listReader) drop() {
	if b.large != nil {
		b.c.S.Store.Drop(b.large)
	}
}

func (c *Ctx) readSet(r *rdb.Reader) (loadedValue, error) {
	b := &setBuilder{c: c}
	for {
		ok, err := r.NextItem()
		if err == nil && ok {
			err = b.item(&r.Item)
		}
		if err == nil && !ok && b.len() == 0 {
			err = errEmptyValue
		}
		if err != nil {
			b.drop()
			return nil, err
		}
		if !ok {
			return b, nil
		}
	}
}

// item adds a part of a set in RDB form.
func (b *setBuilder) item(it *rdb.Item) error {
	var digits [20]byte
	switch it.Op {
	case rdb.ItemIntset:
		if intset.Len(it.Key) <= min(b.c.S.Config.SetMaxIntsetEntries, intsetLenMax) {
			b.ints = append([]byte(nil), it.Key...)
			return nil
		}
		for i := range intset.Len(it.Key) {
			if err := b.addNew(appendMember(digits[:0], intset.Get(it.Key, i))); err != nil {
				return err
			}
		}
	case rdb.ItemListpack:
		for off := listpack.First(it.Key); off != listpack.None; off = listpack.Next(it.Key, off) {
			if err := b.addNew(listpack.Element(it.Key, off, digits[:])); err != nil {
				return err
			}
		}
	default:
		return b.addNew(it.Key)
	}
	return nil
}

func (b *setBuilder) addNew(member []byte) error {
	if !set.Fits(len(member)) {
		return errTooLong
	}
	n := b.len()
	if b.add(&candidate{member: member}); b.len() == n {
		return errDuplicate
	}
	return nil
}

// readZSet collects a sorted set in a zset.Builder, unless it is packed and may stay so.
func (c *Ctx) readZSet(r *rdb.Reader) (v loadedValue, err error) {
	s := c.S.Store
	b := zset.NewBuilder(s.Mem, s.Seed())
	defer func() {
		if b != nil {
			b.Drop()
		}
	}()
	for {
		ok, err := r.NextItem()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if r.Item.Op == rdb.ItemListpack {
			if lp := canonical(r.Item.Key); c.zsetPackable(listpack.Len(lp)/2, 0, len(lp)) {
				return packedOrEmpty(store.ZSet, lp)
			}
			err = addPackedScores(b, r.Item.Key)
		} else {
			err = addScore(b, r.Item.Key, r.Item.Score)
		}
		if err != nil {
			return nil, err
		}
	}
	if b.Len() == 0 {
		return nil, errEmptyValue
	}
	b.Sort()
	if lp := c.packScores(b); lp != nil {
		return packedValue{store.ZSet, store.Listpack, lp}, nil
	}
	v = objectValue{s, store.ZSet, store.Skiplist, b.End()}
	b = nil
	return v, nil
}

func packedOrEmpty(t store.Type, lp []byte) (loadedValue, error) {
	if listpack.Len(lp) == 0 {
		return nil, errEmptyValue
	}
	return packedValue{t, store.Listpack, lp}, nil
}

// zsetPackable tells whether a sorted set of n members, the longest of memberMax bytes, is a listpack, of size bytes.
func (c *Ctx) zsetPackable(n, memberMax, size int) bool {
	cfg := c.S.Config
	return n <= cfg.ZsetMaxListpackEntries && memberMax <= cfg.ZsetMaxListpackValue && size <= packedBytesMax
}

func addScore(b *zset.Builder, member []byte, score float64) error {
	if score != score {
		return errors.New("a score is not a number")
	}
	if !zset.Fits(len(member)) {
		return errTooLong
	}
	n := b.Len()
	b.Merge(b.Hash(member), member, score, func(old, _ float64) float64 { return old })
	if b.Len() == n {
		return errDuplicate
	}
	return nil
}

func addPackedScores(b *zset.Builder, lp []byte) error {
	var digits [20]byte
	for off := listpack.First(lp); off != listpack.None; {
		member := listpack.Element(lp, off, digits[:])
		off = listpack.Next(lp, off)
		if err := addScore(b, member, zset.ScoreAt(lp, off)); err != nil {
			return err
		}
		off = listpack.Next(lp, off)
	}
	return nil
}

// packScores returns the sorted elements as a listpack, nil if they are too many or too long.
func (c *Ctx) packScores(b *zset.Builder) []byte {
	if !c.zsetPackable(b.Len(), b.MemberMax(), 0) {
		return nil
	}
	lp := listpack.New(nil)
	for i := range b.Len() {
		member, score := b.At(i)
		if lp = zset.AppendPacked(lp, member, score); len(lp) > packedBytesMax {
			return nil
		}
	}
	return lp
}

// hashReader collects a hash: in lp while it is small, then in large.
type hashReader struct {
	c     *Ctx
	lp    []byte
	large *hash.Map
}

func (c *Ctx) readHash(r *rdb.Reader) (loadedValue, error) {
	b := hashReader{c: c, lp: listpack.New(nil)}
	for {
		ok, err := r.NextItem()
		if err == nil && ok {
			if r.Item.Op == rdb.ItemListpack {
				if lp := canonical(r.Item.Key); !c.tooManyPairs(lp) {
					return packedOrEmpty(store.Hash, lp)
				}
				err = b.pairs(r.Item.Key)
			} else {
				err = b.add(r.Item.Key, r.Item.Val, r.Item.Expire)
			}
		}
		if err != nil {
			b.drop()
			return nil, err
		}
		if !ok {
			return b.value()
		}
	}
}

// pairs adds the fields and values of a listpack.
func (b *hashReader) pairs(lp []byte) error {
	var fieldDigits, valueDigits [20]byte
	for off := listpack.First(lp); off != listpack.None; {
		value := listpack.Next(lp, off)
		err := b.add(listpack.Element(lp, off, fieldDigits[:]), listpack.Element(lp, value, valueDigits[:]), 0)
		if err != nil {
			return err
		}
		off = listpack.Next(lp, value)
	}
	return nil
}

func (b *hashReader) add(field, value []byte, expireAt int64) error {
	if !hash.Fits(len(field), len(value)) {
		return errTooLong
	}
	if b.large == nil && (expireAt != 0 || !b.c.packable([][]byte{field, value})) {
		b.enlarge()
	}
	if b.large == nil {
		if findPair(b.lp, field) != listpack.None {
			return errDuplicate
		}
		if b.lp = listpack.Append(listpack.Append(b.lp, field), value); b.c.tooManyPairs(b.lp) {
			b.enlarge()
		}
		return nil
	}
	if !b.large.Set(field, value, false) {
		return errDuplicate
	}
	if expireAt != 0 {
		b.large.SetExpireAt(field, expireAt)
	}
	return nil
}

func (b *hashReader) enlarge() {
	s := b.c.S.Store
	b.large = hash.New(s.Mem, s.Seed())
	small := b.lp
	b.lp = nil
	b.pairs(small) // these are known to be good
}

func (b *hashReader) value() (loadedValue, error) {
	if b.large != nil {
		return objectValue{b.c.S.Store, store.Hash, store.Hashtable, b.large}, nil
	}
	return packedOrEmpty(store.Hash, b.lp)
}

func (b *hashReader) drop() {
	if b.large != nil {
		b.c.S.Store.Drop(b.large)
	}
}
