package store

import (
	"math/rand/v2"
	"testing"
)

// numbered is an Object of that many elements.
type numbered struct{ n int }

func (o *numbered) Len() int     { return o.n }
func (o *numbered) Bytes() int64 { return 0 }
func (o *numbered) Free(steps int) int {
	n := min(steps, o.n)
	o.n -= n
	return n
}

func TestObjectTable(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, 0))
	var table objectTable
	model := map[uint32]*numbered{}
	var handles []uint32
	for range 4 {
		for range 40_000 {
			if len(handles) == 0 || rng.IntN(3) > 0 {
				o := &numbered{rng.Int()}
				h := table.add(o)
				if model[h] != nil {
					t.Fatalf("seed %d: number %d was given twice", seed, h)
				}
				model[h] = o
				handles = append(handles, h)
				continue
			}
			i := rng.IntN(len(handles))
			h := handles[i]
			if table.get(h) != Object(model[h]) {
				t.Fatalf("seed %d: number %d has another object", seed, h)
			}
			handles[i] = handles[len(handles)-1]
			handles = handles[:len(handles)-1]
			delete(model, h)
			table.remove(h)
		}
		for h := range model {
			table.remove(h)
		}
		clear(model)
		handles = handles[:0]
		for n, c := range table.chunks {
			if c != nil {
				t.Fatalf("seed %d: chunk %d is held though nothing is in it", seed, n)
			}
		}
	}
	if most := 160_000 / chunkObjects; len(table.chunks) > most {
		t.Errorf("%d chunks, at most %d were needed", len(table.chunks), most)
	}
}

// The collections of a flushed database must not pile up in the queue while it is taken apart.
func TestFlushedObjectsDoNotPileUp(t *testing.T) {
	s := New(Options{Databases: 1, Seed: 1})
	name := make([]byte, 2)
	for i := range 20_000 {
		name[0], name[1] = byte(i), byte(i>>8)
		k := s.DBs[0].Peek(name)
		k.SetObject(name, Set, Hashtable, &numbered{200}, 0)
	}
	s.DBs[0].Flush()
	most := 0
	for s.Reclaim(64) {
		most = max(most, s.Reclaiming())
	}
	if most > 3000 {
		t.Errorf("%d objects waited at a time", most)
	}
	if s.Reclaimed() != 20_001 {
		t.Errorf("%d objects were freed", s.Reclaimed())
	}
}
