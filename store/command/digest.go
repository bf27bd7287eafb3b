package command

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"spindle/resp"
	"spindle/store"
	"spindle/store/intset"
	"spindle/store/listpack"
	"spindle/store/stream"
)

// Digests of data for DEBUG DIGEST: the same as Redis's for the same data, whatever its encoding. What has an order
// is mixed, what has none is combined with exclusive or.

type digest [sha1.Size]byte

// xor combines d with b, in any order.
func (d *digest) xor(b []byte) {
	h := sha1.Sum(b)
	for i := range d {
		d[i] ^= h[i]
	}
}

// mix combines d with b, and remembers the order.
func (d *digest) mix(b []byte) {
	d.xor(b)
	*d = sha1.Sum(d[:])
}

func (d *digest) mixNumber(n uint32) { d.mix(binary.BigEndian.AppendUint32(nil, n)) }

func (d *digest) String() string { return hex.EncodeToString(d[:]) }

// digestTypes are Redis's numbers of the types, which are part of a digest.
var digestTypes = map[store.Type]uint32{store.String: 0, store.List: 1, store.Set: 2, store.ZSet: 3, store.Hash: 4, store.Stream: 6}

// digest returns the digest of all databases.
func (s *Server) digest() digest {
	var all digest
	for _, db := range s.Store.DBs {
		if db.Len() == 0 {
			continue
		}
		all.mixNumber(uint32(db.ID))
		for cursor := uint64(0); ; {
			cursor = db.Scan(cursor, 64, func(k store.Key) {
				var d digest
				d.mix(k.Name())
				d.value(&k)
				all.xor(d[:])
			})
			if cursor == 0 {
				break
			}
		}
	}
	return all
}

// value adds a key's value and whether it has an expiry.
func (d *digest) value(k *store.Key) {
	d.mixNumber(digestTypes[k.Type()])
	switch k.Type() {
	case store.String:
		d.mix(appendString(nil, k))
	case store.List:
		d.list(k)
	case store.Set:
		d.set(k)
	case store.ZSet:
		d.zset(k)
	case store.Hash:
		d.hash(k)
	case store.Stream:
		d.stream(k.Object().(*stream.Stream))
	}
	if k.ExpireAt() != 0 {
		d.xor([]byte("!!expire!!"))
	}
}

// eachEntry calls f for the entries of a listpack. The bytes are valid until the next call.
func eachEntry(lp []byte, f func(entry []byte)) {
	var room [20]byte
	for at := listpack.First(lp); at != listpack.None; at = listpack.Next(lp, at) {
		f(listpack.Element(lp, at, room[:]))
	}
}

func (d *digest) list(k *store.Key) {
	if l := largeListOf(k); l != nil {
		l.Each(func(lp []byte) { eachEntry(lp, d.mix) })
		return
	}
	eachEntry(k.Bytes(), d.mix)
}

func (d *digest) set(k *store.Key) {
	switch k.Encoding() {
	case store.Intset:
		var digits [20]byte
		set := k.Bytes()
		for i := range intset.Len(set) {
			d.xor(strconv.AppendInt(digits[:0], intset.Get(set, i), 10))
		}
	case store.PackedSet:
		eachEntry(k.Bytes(), d.xor)
	default:
		largeSet(k).Each(d.xor)
	}
}

// pair adds one element of two parts.
func (d *digest) pair(a, b []byte) {
	var e digest
	e.mix(a)
	e.mix(b)
	d.xor(e[:])
}

func (d *digest) zset(k *store.Key) {
	view := zsetView(k)
	var room [32]byte
	it := view.Ascend(0)
	for it.Next() {
		d.pair(it.Member(), resp.AppendDouble(room[:0], it.Score()))
	}
}

func (d *digest) hash(k *store.Key) {
	if m := hashMap(k); m != nil {
		m.Each(d.pair)
		return
	}
	var field []byte
	n := 0
	eachEntry(k.Bytes(), func(entry []byte) {
		if n++; n%2 == 1 {
			field = append(field[:0], entry...)
			return
		}
		d.pair(field, entry)
	})
}

func (d *digest) stream(s *stream.Stream) {
	s.EachNode(func(id stream.ID, lp []byte) {
		stream.EachEntry(id, lp, func(e *stream.Iterator) {
			at := e.ID()
			d.mix(strconv.AppendUint(append(strconv.AppendUint(nil, at.Ms, 10), '.'), at.Seq, 10))
			for range e.Fields() {
				field, value := e.NextPair()
				d.mix(listpack.AppendTo(nil, e.Listpack(), field))
				d.mix(listpack.AppendTo(nil, e.Listpack(), value))
			}
		})
	})
}
