package store

// Timed is an Object whose elements expire one by one.
type Timed interface {
	Object
	// NextDue returns a time, in Unix milliseconds, before which nothing in it expires, 0 if nothing does at all.
	NextDue() int64
}

// timers knows the Timed objects with something to expire, the earliest first. It is a binary heap, so that a dropped
// object leaves it at once.
type timers struct {
	heap []*timer
	of   map[Timed]*timer
}

// timer is one object's entry. Databases may have been swapped and the object flushed since: whoever finds a timer due looks
// the key up again.
type timer struct {
	at   int64
	pos  int
	db   *DB
	name []byte
	o    Timed
}

// Schedule must be called when something in k's object may expire earlier or later than before. Placing an object under a key
// does it by itself.
func (s *Store) Schedule(k *Key) {
	if o, ok := k.Object().(Timed); ok {
		s.timers.set(o, k)
	}
}

// DueObject returns a key whose object has something to expire now. The caller removes some of it and calls Schedule.
func (s *Store) DueObject() (k Key, ok bool) {
	t := &s.timers
	for len(t.heap) > 0 && t.heap[0].at <= s.Now {
		first := t.heap[0]
		if k, ok = s.holder(first); ok {
			return k, true
		}
		t.remove(first.o)
	}
	return Key{}, false
}

// holder finds the key of a timer's object, whatever database it is in by now.
func (s *Store) holder(t *timer) (Key, bool) {
	k := t.db.Peek(t.name)
	for id := 0; !k.holds(t.o) && id < len(s.DBs); id++ {
		k = s.DBs[id].Peek(t.name)
	}
	return k, k.holds(t.o)
}

func (k *Key) holds(o Object) bool { return k.Exists() && k.Object() == o }

func (t *timers) set(o Timed, k *Key) {
	at := o.NextDue()
	e := t.of[o]
	switch {
	case at == 0:
		t.remove(o)
		return
	case e == nil:
		if t.of == nil {
			t.of = map[Timed]*timer{}
		}
		e = &timer{pos: len(t.heap), o: o}
		t.heap = append(t.heap, e)
		t.of[o] = e
	}
	e.at, e.db = at, k.db
	if name := k.Name(); string(e.name) != string(name) {
		e.name = append(e.name[:0], name...)
	}
	t.fix(e.pos)
}

func (t *timers) remove(o Timed) {
	e := t.of[o]
	if e == nil {
		return
	}
	delete(t.of, o)
	last := t.heap[len(t.heap)-1]
	t.heap[len(t.heap)-1] = nil
	t.heap = t.heap[:len(t.heap)-1]
	if last != e {
		t.put(e.pos, last)
		t.fix(e.pos)
	}
}

func (t *timers) put(i int, e *timer) {
	t.heap[i] = e
	e.pos = i
}

// fix moves entry i to where its time belongs.
func (t *timers) fix(i int) {
	e := t.heap[i]
	for i > 0 && e.at < t.heap[(i-1)/2].at {
		t.put(i, t.heap[(i-1)/2])
		i = (i - 1) / 2
	}
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			break
		}
		if child+1 < len(t.heap) && t.heap[child+1].at < t.heap[child].at {
			child++
		}
		if e.at <= t.heap[child].at {
			break
		}
		t.put(i, t.heap[child])
		i = child
	}
	t.put(i, e)
}
