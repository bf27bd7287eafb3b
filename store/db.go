package store

import (
	"encoding/binary"
	"math"

	"spindle/store/arena"
	"spindle/store/index"
)

// DB is one numbered database.
type DB struct {
	ID int
	s  *Store
	contents
}

// contents is what SWAPDB exchanges.
type contents struct {
	ix      *index.Index
	expires int // keys with an expiry
	expiry  expiryCycle
	snapID  int // number of the database when the running snapshot began
}

// Len returns the number of keys, expired ones that have not been noticed yet included.
func (db *DB) Len() int { return db.ix.Len() }

// Expires returns the number of keys with an expiry.
func (db *DB) Expires() int { return db.expires }

// IndexBytes returns the memory of the key index, nearly all of it in the arena.
func (db *DB) IndexBytes() int64 { return db.ix.Bytes() }

// IndexStats describes the key index.
func (db *DB) IndexStats() index.Stats { return db.ix.Stats() }

// Store returns the store that db is part of.
func (db *DB) Store() *Store { return db.s }

// Key is a place in a database: a found key, or the place where a missing one would go. Its methods need a
// found one unless they say otherwise. It is valid until another key of the same database is written.
type Key struct {
	db   *DB
	hash uint64
	pos  index.Probe
	ref  arena.Ref // 0: missing
	rec  record
}

// Exists reports whether the key was found.
func (k *Key) Exists() bool { return k.ref != 0 }

// DB returns the database the key is in.
func (k *Key) DB() *DB { return k.db }

// Name returns a view of the key's name.
func (k *Key) Name() []byte { return k.rec.key() }

// Address returns where in the arena the key's record is. It is for display.
func (k *Key) Address() uint64 { return uint64(k.ref) * 8 }

// MemoryBytes returns the memory that the key takes: its record, its elements and its share of the index.
func (k *Key) MemoryBytes() int64 {
	n := int64(k.db.s.Mem.Cap(k.ref)) + k.db.ix.Bytes()/int64(max(k.db.ix.Len(), 1))
	if o := k.Object(); o != nil {
		n += o.Bytes()
	}
	return n
}

// Type returns the type of the value.
func (k *Key) Type() Type { return Type(k.rec.kind() >> 4) }

// Encoding returns the encoding of the value.
func (k *Key) Encoding() Encoding { return Encoding(k.rec.kind() & 15) }

// ExpireAt returns when the key expires, in Unix milliseconds, 0 for never.
func (k *Key) ExpireAt() int64 { return k.rec.expire() }

// Bytes returns a view of the value's bytes: those of a string that is not an integer, or of a packed collection.
func (k *Key) Bytes() []byte { return k.rec.value() }

// Int returns the integer of an Int-encoded string.
func (k *Key) Int() int64 { return int64(binary.LittleEndian.Uint64(k.rec.value())) }

// SetInt changes the integer of an Int-encoded string in place. Of the other changes to a key, it only
// needs FindForWrite's capture for a snapshot.
func (k *Key) SetInt(n int64) { binary.LittleEndian.PutUint64(k.rec.value(), uint64(n)) }

// Object returns the large collection that the key holds, or nil if the value is in the record itself.
func (k *Key) Object() Object {
	switch k.Encoding() {
	case Hashtable, Skiplist, StreamLog:
	case Quicklist:
		if len(k.rec.value()) != handleBytes {
			return nil
		}
	default:
		return nil
	}
	return k.db.s.objects.get(binary.LittleEndian.Uint32(k.rec.value()))
}

// Peek looks key up and leaves everything as it is, even an expired key.
func (db *DB) Peek(key []byte) Key {
	h := index.Hash(db.s.seed, key)
	p := db.ix.Probe(h)
	for p.Valid() {
		ref := p.Ref()
		if r := db.s.record(ref); r.is(key) {
			return Key{db, h, p, ref, r}
		}
		p.Next()
	}
	return Key{db: db, hash: h}
}

// Find looks key up for reading.
func (db *DB) Find(key []byte) Key {
	k := db.FindQuietly(key)
	if k.ref != 0 {
		db.s.clock.touch(k.rec, db.s.Rand)
	}
	return k
}

// FindQuietly looks key up for reading about it: that does not count as an access to the value.
func (db *DB) FindQuietly(key []byte) Key {
	k := db.Peek(key)
	if k.ref == 0 || k.rec.hasExpireField() && k.expireIfDue(true) {
		db.s.Misses++
		if db.s.Missed != nil {
			db.s.Missed(db, key)
		}
	} else {
		db.s.Hits++
	}
	return k
}

// FindForWrite looks key up for writing.
func (db *DB) FindForWrite(key []byte) Key {
	k := db.Peek(key)
	if k.ref == 0 || k.rec.hasExpireField() && k.expireIfDue(false) {
		return k
	}
	if db.s.snap != nil {
		db.s.capture(&k)
	}
	db.s.clock.touch(k.rec, db.s.Rand)
	return k
}

// Visible is Peek for callers that must not see an expired key, nor remove or touch it.
func (db *DB) Visible(key []byte) Key {
	k := db.Peek(key)
	if k.ref != 0 && k.due() {
		return Key{db: db, hash: k.hash}
	}
	return k
}

// Due reports whether the time of the key, a found one, has come.
func (k *Key) Due() bool { return k.due() }

func (k *Key) due() bool {
	at := k.rec.expire()
	return at != 0 && at <= k.db.s.Now
}

// expireIfDue removes the key if its time has come. While Expired is nil keys stay. For a reader and while
// KeepExpired is set, only k loses it.
func (k *Key) expireIfDue(reading bool) bool {
	s := k.db.s
	if s.Expired == nil || !k.due() {
		return false
	}
	if reading && s.KeepExpired {
		*k = Key{db: k.db, hash: k.hash}
		return true
	}
	s.ExpiredKeys++
	s.Expired(k.db, k.rec.key())
	k.Delete()
	return true
}

// Delete removes the key. k is missing afterwards. A large value is reclaimed in slices, later.
func (k *Key) Delete() {
	db := k.db
	if db.s.snap != nil {
		db.s.capture(k)
	}
	db.dropValue(k)
	if k.rec.expire() != 0 {
		db.expires--
	}
	db.ix.Delete(k.hash, k.pos)
	db.s.free(k.ref)
	k.ref, k.pos = 0, index.Probe{}
}

// dropValue gives up the Object of a value that is about to go.
func (db *DB) dropValue(k *Key) {
	if o := k.Object(); o != nil {
		db.s.objects.remove(binary.LittleEndian.Uint32(k.rec.value()))
		if t, ok := o.(Timed); ok {
			db.s.timers.remove(t)
		}
		db.s.reclaim.add(o)
	}
}

// KeepExpire tells Set to leave the expiry as it is.
const KeepExpire = math.MinInt64

// Set gives the key, found or missing, a value of n bytes of the given kind, which the caller fills in: the
// old value is gone. expireAt is in Unix milliseconds; 0 removes an expiry. name is copied.
func (k *Key) Set(name []byte, t Type, e Encoding, n int, expireAt int64) []byte {
	if k.ref != 0 {
		if expireAt == KeepExpire {
			expireAt = k.rec.expire()
		}
		k.db.dropValue(k)
	} else if expireAt == KeepExpire {
		expireAt = 0
	}
	k.reshape(name, n, 0, 0, expireAt)
	*k.rec.u32(4) = *k.rec.u32(4)&^0xff | uint32(t)<<4 | uint32(e)
	return k.rec.value()
}

// SetObject gives the key, found or missing, a large collection.
func (k *Key) SetObject(name []byte, t Type, e Encoding, o Object, expireAt int64) {
	h := k.db.s.objects.add(o)
	binary.LittleEndian.PutUint32(k.Set(name, t, e, handleBytes, expireAt), h)
	k.db.s.Schedule(k)
}

// Resize changes the length of a value in the record to n, keeping its bytes as far as they fit, and returns
// the value's view. With greedy it takes room for further growth, as for APPEND, and does not give it back. The encoding stays.
func (k *Key) Resize(n int, greedy bool) []byte {
	slack := 0
	if greedy {
		if n <= k.room() {
			k.Changing(k.rec.valueLen(), n) // it may have been longer when the snapshot began
			*k.rec.u32(8) = uint32(n)
			return k.rec.value()
		}
		slack = min(n, max(n/8, 1<<20))
	}
	k.reshape(nil, n, slack, k.rec.valueLen(), k.rec.expire())
	return k.rec.value()
}

// Reserve makes the value's slot large enough for n bytes and returns a view of the current bytes whose capacity
// is at least n. SetLen must follow when the caller has changed the length.
func (k *Key) Reserve(n int) []byte {
	k.unpin()
	old := k.rec.valueLen()
	if room := k.room(); n > room {
		k.reshape(nil, n, 0, old, k.rec.expire())
		*k.rec.u32(8) = uint32(old)
	}
	v := k.rec.valueOffset()
	return k.db.s.Mem.Bytes(k.ref, k.db.s.Mem.Cap(k.ref))[v : v+old]
}

// Room returns the size of the key's slot and how much of it is for the value, in bytes.
func (k *Key) Room() (slot, value int) { return k.db.s.Mem.Cap(k.ref), k.room() }

// room is how many value bytes fit the record's slot.
func (k *Key) room() int { return k.db.s.Mem.Cap(k.ref) - k.rec.valueOffset() }

// SetLen sets the length of a value after an edit within Reserve's room. It gives the slot's rest back when that is most of it.
func (k *Key) SetLen(n int) {
	*k.rec.u32(8) = uint32(n)
	if !k.db.s.Mem.Fits(k.ref, k.rec.valueOffset()+n) {
		k.reshape(nil, n, 0, n, k.rec.expire())
	}
}

// SetEncoding changes the encoding of a value whose bytes stay.
func (k *Key) SetEncoding(e Encoding) {
	*k.rec.u32(4) = *k.rec.u32(4)&^0xf | uint32(e)
}

// reshape gives the record room for n value bytes (and slack more, if it has to move), sets length and expiry and
// keeps the rest, of the value as many bytes as told. It creates the record, with key name, if the key is missing.
func (k *Key) reshape(name []byte, n, slack, keep int, expireAt int64) {
	s := k.db.s
	if k.ref == 0 {
		k.create(name, n, expireAt)
		return
	}
	old := k.rec
	hadExpire := old.expire() != 0
	field := old.hasExpireField() || expireFieldOf(n, expireAt)
	need := recordBytes(old.keyLen(), n, field)
	if field == old.hasExpireField() && s.Mem.Fits(k.ref, need) && s.pin(k.ref) == nil {
		*old.u32(8) = uint32(n)
	} else {
		k.move(need+slack, field, n, keep)
	}
	if k.rec.hasExpireField() {
		k.rec.setExpire(expireAt)
	}
	k.noteExpire(hadExpire, expireAt)
}

// create makes and indexes a record for a missing key.
func (k *Key) create(name []byte, n int, expireAt int64) {
	s := k.db.s
	if len(name) > KeyMax {
		panic("store: a key of 1 GB")
	}
	field := expireFieldOf(n, expireAt)
	k.ref = s.Mem.Alloc(recordBytes(len(name), n, field))
	k.rec = s.record(k.ref)
	*k.rec.u32(0) = uint32(len(name)) | s.epoch
	*k.rec.u32(4) = s.clock.fresh() << 8
	*k.rec.u32(8) = uint32(n)
	if field {
		*k.rec.u32(0) |= flagExpire
		k.rec.setExpire(expireAt)
	}
	copy(k.rec.key(), name)
	k.db.ix.Insert(k.hash, k.ref)
	k.locate()
	k.noteExpire(false, expireAt)
	if s.Created != nil {
		s.Created(k.db, name)
	}
}

// locate finds the record's position again after an insertion.
func (k *Key) locate() {
	p := k.db.ix.Probe(k.hash)
	for ; p.Valid(); p.Next() {
		if p.Ref() == k.ref {
			k.pos = p
			return
		}
	}
	panic("store: a record is not in the index")
}

// move copies the record into a slot of size bytes, with or without an expiry field. Its value gets n bytes, of which the first
// keep, at most, are the old ones.
func (k *Key) move(size int, field bool, n, keep int) {
	s := k.db.s
	old := k.rec
	ref := s.Mem.Alloc(size)
	r := s.record(ref)
	*r.u32(0) = *old.u32(0) | flagExpire
	if !field {
		*r.u32(0) &^= flagExpire
	} else {
		r.setExpire(old.expire())
	}
	*r.u32(4) = *old.u32(4)
	*r.u32(8) = uint32(n)
	copy(r.key(), old.key())
	copy(r.value(), old.value()[:min(keep, old.valueLen())])
	k.pos.Replace(ref)
	s.free(k.ref)
	k.ref, k.rec = ref, r
}

// noteExpire keeps count and index mark in step with the record's expiry.
func (k *Key) noteExpire(had bool, at int64) {
	switch {
	case at != 0:
		k.db.ix.Mark(k.hash, k.pos, at)
		if !had {
			k.db.expires++
		}
	case had:
		k.pos.Unmark()
		k.db.expires--
	}
}

// SetExpire sets when the key expires, in Unix milliseconds; 0 removes the expiry.
func (k *Key) SetExpire(at int64) {
	had := k.rec.expire() != 0
	if at != 0 && !k.rec.hasExpireField() {
		n := k.rec.valueLen()
		k.move(recordBytes(k.rec.keyLen(), n, true), true, n, n)
	}
	if k.rec.hasExpireField() {
		k.rec.setExpire(at)
	}
	k.noteExpire(had, at)
}

// MoveTo takes the value, its expiry and access clock out of k and gives them to the key name of db, which must be missing
// there. k is missing afterwards.
func (k *Key) MoveTo(db *DB, name []byte) Key {
	dst := db.Peek(name)
	if dst.Exists() {
		panic("store: MoveTo needs a free name")
	}
	o := k.Object()
	expireAt, t, e := k.rec.expire(), k.Type(), k.Encoding()
	clock := *k.rec.u32(4) &^ 0xff
	value := k.rec.value() // stays readable: the record is freed after the copy
	copy(dst.Set(name, t, e, len(value), expireAt), value)
	*dst.rec.u32(4) = *dst.rec.u32(4)&0xff | clock
	src := db.s.again(k)
	if o != nil {
		src.SetEncoding(Raw) // the handle has a new owner
		db.s.Schedule(&dst)
	}
	src.Delete()
	k.ref = 0
	return dst
}

// CopyTo gives a copy of the value and its expiry to the key name of db, which must be missing there. k is invalid afterwards if
// that is its own database.
func (k *Key) CopyTo(db *DB, name []byte) {
	dst := db.Peek(name)
	if dst.Exists() {
		panic("store: CopyTo needs a free name")
	}
	expireAt, t, e := k.rec.expire(), k.Type(), k.Encoding()
	if o := k.Object(); o != nil {
		dst.SetObject(name, t, e, copyObject(o), expireAt)
		return
	}
	value := k.rec.value() // creating the other record does not move this one
	copy(dst.Set(name, t, e, len(value), expireAt), value)
}

// again finds k's position after a write to its database.
func (s *Store) again(k *Key) Key {
	src := *k
	src.locate()
	return src
}

// Flush removes all keys and returns how many there were.
func (db *DB) Flush() int {
	n := db.ix.Len()
	old := db.contents
	db.contents = contents{ix: index.New(db.s.Mem, db.s.rehash), snapID: old.snapID}
	db.s.reclaim.add(&flushed{db.s, old.ix})
	return n
}

// Scan calls f for about count keys from cursor on; see index.Index.Scan.
func (db *DB) Scan(cursor uint64, count int, f func(k Key)) uint64 {
	return db.ix.Scan(cursor, count, func(ref arena.Ref) {
		f(Key{db: db, ref: ref, rec: db.s.record(ref)})
	})
}

// Random returns a key chosen with about equal probability, missing if the database is empty. It may have expired.
func (db *DB) Random() Key { return db.at(db.ix.Random(db.s.Rand)) }

// at returns the key of a record.
func (db *DB) at(ref arena.Ref) Key {
	if ref == 0 {
		return Key{db: db}
	}
	r := db.s.record(ref)
	k := Key{db: db, ref: ref, rec: r, hash: db.s.Hash(r.key())}
	k.locate()
	return k
}
