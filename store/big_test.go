package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// pieces collects what a snapshot hands over.
type pieces struct {
	t    *testing.T
	got  map[string][]byte
	big  int // handed over in pieces
	open int // of them not ended
}

func (p *pieces) Key(db int, k *Key) { p.put(string(k.Name()), bytes.Clone(k.Bytes())) }

func (p *pieces) put(name string, value []byte) {
	if _, twice := p.got[name]; twice {
		p.t.Fatalf("%s was handed over twice", name)
	}
	p.got[name] = value
}

func (p *pieces) Large(db int, k *Key, o Object) Walker { panic("no collections here") }

func (p *pieces) Big(db int, k *Key) (piece func(offset int, b []byte), end func()) {
	value, name, at := make([]byte, len(k.Bytes())), string(k.Name()), 0
	p.put(name, value)
	p.big++
	p.open++
	piece = func(offset int, b []byte) {
		if offset != at {
			p.t.Fatalf("%s: a piece from %d to %d comes behind %d", name, offset, offset+len(b), at)
		}
		at += copy(value[offset:], b)
	}
	return piece, func() {
		if at != len(value) {
			p.t.Fatalf("%s: ended at %d of %d bytes", name, at, len(value))
		}
		p.open--
	}
}

// TestBigStringsInSnapshots changes big strings in all ways while a snapshot walks them.
func TestBigStringsInSnapshots(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := New(Options{Databases: 1, Seed: seed, Rand: rng, Now: 1000})
	defer s.Mem.Close()
	db, live := s.DBs[0], map[string][]byte{}
	empty := s.Mem.Used()
	fill := func(b []byte) {
		x := rng.Uint64() | 1
		for i := range b {
			b[i] = byte(x >> 56)
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	change := func() {
		name := fmt.Sprint("k", rng.IntN(5))
		k := db.FindForWrite([]byte(name))
		v := live[name]
		if !k.Exists() || rng.IntN(8) == 0 {
			v = make([]byte, 1+rng.IntN(4*bigBytes))
			fill(v)
			copy(k.Set([]byte(name), String, Raw, len(v), int64(rng.IntN(2))*5000), v)
			live[name] = v
			return
		}
		v = bytes.Clone(v)
		switch op := rng.IntN(16); op {
		case 0:
			k.Delete()
			delete(live, name)
			return
		case 1:
			to := fmt.Sprint("moved", rng.IntN(3))
			if dst := db.Peek([]byte(to)); !dst.Exists() {
				k.MoveTo(db, []byte(to))
				delete(live, name)
				live[to] = v
			} else {
				dst = db.FindForWrite([]byte(to))
				dst.Delete()
				delete(live, to)
			}
			return
		case 2:
			k.SetExpire(int64(rng.IntN(2)) * 9000)
		case 3: // cut, like a packed collection
			v = v[:1+rng.IntN(len(v))]
			k.SetLen(len(v))
		case 4: // in place without a word about it
			b := k.Reserve(len(v))
			b[rng.IntN(len(b))]++
			v = bytes.Clone(b)
		case 5, 6, 7: // APPEND
			tail := make([]byte, 1+rng.IntN(1000))
			fill(tail)
			copy(k.Resize(len(v)+len(tail), true)[len(v):], tail)
			v = append(v, tail...)
		default: // SETRANGE
			from := rng.IntN(len(v))
			to := min(len(v), from+1+rng.IntN(2*pieceBytes))
			k.Changing(from, to)
			fill(v[from:to])
			copy(k.Bytes()[from:to], v[from:to])
		}
		live[name] = v
	}
	big := 0
	for round := range 40 {
		for range 30 {
			change()
		}
		before := map[string][]byte{}
		for name, v := range live {
			before[name] = v
		}
		sink := &pieces{t: t, got: map[string][]byte{}}
		sn := s.BeginSnapshot(sink)
		abort := rng.IntN(5) == 0
		for n := 0; ; n++ {
			for range rng.IntN(4) {
				change()
			}
			if abort && n == 5 {
				sn.Abort()
			}
			if sn.Step(1) {
				break
			}
		}
		if !abort {
			big += sink.big
			if sink.open != 0 || len(sink.got) != len(before) {
				t.Fatalf("round %d: %d keys, want %d; %d not ended", round, len(sink.got), len(before), sink.open)
			}
			for name, v := range before {
				if !bytes.Equal(sink.got[name], v) {
					t.Fatalf("round %d: %s (%d bytes) was handed over with other bytes", round, name, len(v))
				}
			}
		}
		for name, v := range live {
			if k := db.Peek([]byte(name)); !k.Exists() || !bytes.Equal(k.Bytes(), v) {
				t.Fatalf("round %d: %s is not what was written", round, name)
			}
		}
	}
	if big < 30 {
		t.Errorf("only %d strings were handed over in pieces", big)
	}
	for name := range live {
		k := db.FindForWrite([]byte(name))
		k.Delete()
	}
	if left := s.Mem.Used() - empty; left != 0 {
		t.Errorf("%d bytes are still taken", left)
	}
}
