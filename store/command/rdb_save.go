package command

import (
	"math"

	"spindle/aof/rdb"
	"spindle/store"
	"spindle/store/config"
	"spindle/store/hash"
	"spindle/store/listpack"
	"spindle/store/zset"
)

// Values in RDB form: DUMP returns them, files consist of them. rdb_load.go reads them. Packed values are copied as they
// are; a large one is written element by element, a list chunk by chunk.

// rdbType returns the type byte that stands for the value of k.
func rdbType(k *store.Key) byte {
	switch k.Type() {
	case store.List:
		return rdb.TypeListNodes
	case store.Set:
		if k.Encoding() == store.Intset {
			return rdb.TypeSetIntset
		}
		return rdb.TypeSet
	case store.ZSet:
		if k.Encoding() == store.Listpack {
			return rdb.TypeZSetListpack
		}
		return rdb.TypeZSet
	case store.Hash:
		if m := hashMap(k); m == nil {
			return rdb.TypeHashListpack
		} else if m.Expiring() > 0 {
			return rdb.TypeHashExpiry
		}
		return rdb.TypeHash
	case store.Stream:
		return rdb.TypeStream
	}
	return rdb.TypeString
}

// rdbKey writes k as a record of a file.
func (s *Server) rdbKey(w *rdb.Writer, k *store.Key) {
	s.rdbHead(w, k)
	rdbValue(w, k)
}

// rdbHead writes what a record has before its value: expiry, access clock, type and name.
func (s *Server) rdbHead(w *rdb.Writer, k *store.Key) {
	rec := rdb.Record{Type: rdbType(k), Name: k.Name(), Expire: -1, Idle: -1, Freq: -1}
	if at := k.ExpireAt(); at != 0 {
		rec.Expire = at
	}
	switch s.Config.MaxmemoryPolicy {
	case config.VolatileLFU, config.AllkeysLFU:
		rec.Freq = int(k.Freq())
	case config.VolatileLRU, config.AllkeysLRU:
		rec.Idle = k.Idle()
	}
	w.Key(&rec)
}

// rdbValue writes the value of k, whose type byte has been written.
func rdbValue(w *rdb.Writer, k *store.Key) {
	typ := rdbType(k)
	switch k.Type() {
	case store.String:
		w.Begin(typ, 1)
		if k.Encoding() == store.Int {
			w.Int(k.Int())
		} else {
			w.Blob(k.Bytes())
		}
	case store.List:
		rdbList(w, k)
	case store.Set:
		rdbSet(w, k, typ)
	case store.ZSet:
		rdbZSet(w, k, typ)
	case store.Stream:
		rdbStream(w, largeStream(k))
	case store.Hash:
		if m := hashMap(k); m != nil {
			rdbHash(w, m, typ)
			return
		}
		w.Begin(typ, 1)
		w.Blob(k.Bytes())
	}
}

func rdbList(w *rdb.Writer, k *store.Key) {
	l := largeListOf(k)
	if l == nil {
		w.Begin(rdb.TypeListNodes, 1)
		w.Node(k.Bytes(), false)
		return
	}
	w.Begin(rdb.TypeListNodes, l.Chunks())
	l.Each(func(lp []byte) { w.Node(lp, false) })
}

func rdbSet(w *rdb.Writer, k *store.Key, typ byte) {
	w.Begin(typ, setLen(k))
	switch k.Encoding() {
	case store.Intset:
		w.Blob(k.Bytes())
	case store.PackedSet:
		lp := k.Bytes()
		for off := listpack.First(lp); off != listpack.None; off = listpack.Next(lp, off) {
			rdbElement(w, lp, off)
		}
	default:
		largeSet(k).Each(w.Blob)
	}
}

func rdbElement(w *rdb.Writer, lp []byte, off int) {
	if str, n, isInt := listpack.Get(lp, off); isInt {
		w.Int(n)
	} else {
		w.Blob(str)
	}
}

// rdbZSet writes a large sorted set from its end, as Redis does.
func rdbZSet(w *rdb.Writer, k *store.Key, typ byte) {
	if typ == rdb.TypeZSetListpack {
		w.Begin(typ, 1)
		w.Blob(k.Bytes())
		return
	}
	view := zset.Large(k.Object().(*zset.Set))
	w.Begin(typ, view.Len())
	it := view.Descend(view.Len() - 1)
	for it.Next() {
		w.Scored(it.Member(), it.Score())
	}
}

func rdbHash(w *rdb.Writer, m *hash.Map, typ byte) {
	if typ == rdb.TypeHash {
		w.Begin(typ, m.Len())
		m.Each(w.Pair)
		return
	}
	n, earliest := 0, int64(math.MaxInt64)
	m.Each(func(field, _ []byte) {
		n++
		if at, _ := m.ExpireAt(field); at != 0 {
			earliest = min(earliest, at)
		}
	})
	w.BeginHashExpiry(n, earliest)
	m.Each(func(field, value []byte) {
		at, _ := m.ExpireAt(field)
		w.PairExpiry(field, value, at)
	})
}
