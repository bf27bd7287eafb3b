package store

import "spindle/store/arena"

// A snapshot hands every key, as it is at the snapshot's start, to a sink exactly once, in slices, while
// commands go on changing the keyspace. docs/decisions/0001-snapshot.md tells why it is done this way.
//
// Each record has an epoch bit. BeginSnapshot flips the store's epoch, which makes all records "not
// walked"; new ones are born with the new epoch and do not belong to the snapshot. A walk in hash order
// hands over the records of the old epoch and gives them the new one. Whoever is about to change a record of the old
// epoch (FindForWrite, Delete) hands it over first: the pre-image goes out early, and
// the walk will skip it.
//
// A large collection is not handed over in one go. The sink gives it a Walker, which
// takes the elements out in slices; from then on the collection itself captures elements before they change
// (the same idea one level down). Dropped collections wait in the reclaim queue until their walker is done. big.go tells of big strings.

// Sink receives a snapshot.
type Sink interface {
	// Key is given a key whose value is in its record. Views end with the call.
	Key(db int, k *Key)
	// Large is given a key with a large collection and returns what will walk it.
	// k's name has to be copied; the object may be renamed, changed or dropped before the walk ends.
	Large(db int, k *Key, o Object) Walker
}

// Walker hands the elements of one large collection to a sink.
type Walker interface {
	// Step hands over at most steps elements and returns how many it did; fewer means that the walk has ended.
	Step(steps int) int
	// Stop ends the walk without handing over the rest.
	Stop()
}

// Snapshot is a running snapshot.
type Snapshot struct {
	s       *Store
	sink    Sink // nil once aborted: the walk goes on so that all records get the same epoch
	db      int
	cursor  uint64
	walkers []walk // the first one is stepped until its end: some sinks want what belongs together in one piece
	keys    int64
	pinned  map[arena.Ref]*bigWalk // see big.go
}

type walk struct {
	o Object // nil for a big string
	w Walker
}

// BeginSnapshot starts a snapshot. Only one may run; an aborted one runs until Step reports its end.
func (s *Store) BeginSnapshot(sink Sink) *Snapshot {
	if s.snap != nil {
		panic("store: a snapshot is running")
	}
	s.epoch ^= flagEpoch
	for _, db := range s.DBs {
		db.snapID = db.ID
	}
	s.snap = &Snapshot{s: s, sink: sink}
	return s.snap
}

// Snapshot returns the running snapshot, or nil.
func (s *Store) Snapshot() *Snapshot { return s.snap }

// Abort lets go of the sink. Step must still be called to the end before another snapshot begins.
func (sn *Snapshot) Abort() {
	sn.sink = nil
	for _, w := range sn.walkers {
		w.w.Stop()
	}
	sn.walkers = nil
}

// Keys returns how many keys have been handed over.
func (sn *Snapshot) Keys() int64 { return sn.keys }

// capture hands k over if the walk has not reached it yet.
func (s *Store) capture(k *Key) {
	if *k.rec.u32(0)&flagEpoch == s.epoch {
		return
	}
	*k.rec.u32(0) ^= flagEpoch
	s.handOver(*k) // a copy: what a sink is given escapes, and the caller's Key should not
}

func (s *Store) handOver(k Key) {
	sn := s.snap
	if sn.sink == nil || s.Expired != nil && k.due() {
		return
	}
	sn.keys++
	if o := k.Object(); o != nil {
		sn.walkers = append(sn.walkers, walk{o, sn.sink.Large(k.db.snapID, &k, o)})
		return
	}
	if k.Type() == String && k.rec.valueLen() >= bigBytes {
		if sink, ok := sn.sink.(BigSink); ok {
			s.beginBig(sink, &k)
			return
		}
	}
	sn.sink.Key(k.db.snapID, &k)
}

// Step walks about steps keys or elements further. It reports true when the snapshot is complete, and
// has then ended.
func (sn *Snapshot) Step(steps int) bool {
	s := sn.s
	for steps > 0 {
		if len(sn.walkers) > 0 {
			steps -= max(sn.stepWalker(steps), 1)
			continue
		}
		if sn.db == len(s.DBs) {
			s.snap = nil
			return true
		}
		db := s.DBs[sn.db]
		sn.cursor = db.Scan(sn.cursor, min(steps, 16), func(k Key) {
			s.capture(&k)
			steps--
		})
		steps--
		if sn.cursor == 0 {
			sn.db++
		}
	}
	return false
}

// restart begins the walk again; what has been handed over is skipped. SWAPDB needs it.
func (sn *Snapshot) restart() { sn.db, sn.cursor = 0, 0 }

// stepWalker walks the first large value further and returns how many elements it handed over.
func (sn *Snapshot) stepWalker(steps int) int {
	done := sn.walkers[0].w.Step(steps)
	if done < steps {
		sn.walkers[0] = walk{}
		sn.walkers = sn.walkers[1:]
	}
	return done
}

// finish goes on with the walkers if o waits for one, at most steps elements. It returns how many it
// did and whether o is free to go.
func (sn *Snapshot) finish(o Object, steps int) (int, bool) {
	walked := 0
	for steps > walked && sn.walking(o) {
		walked += max(sn.stepWalker(steps-walked), 1)
	}
	return walked, !sn.walking(o)
}

func (sn *Snapshot) walking(o Object) bool {
	for _, w := range sn.walkers {
		if w.o == o {
			return true
		}
	}
	return false
}
