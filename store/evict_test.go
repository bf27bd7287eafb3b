package store

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"
)

// The hit ratio of eviction on a Zipf trace, against the same rules over exact data: all keys' clocks
// known, the samples uniform. What could be worse here is the choice of samples, which come from index segments.
func TestEvictionHitRatio(t *testing.T) {
	for _, policy := range []Policy{AllKeysLRU, AllKeysLFU, VolatileLRU, VolatileLFU} {
		seed := uint64(time.Now().UnixNano())
		got := zipfHits(seed, newStoreCache(seed, policy))
		want := zipfHits(seed, newModelCache(seed, policy))
		t.Logf("policy %d: hit ratio %.4f, model %.4f", policy, got, want)
		if got < want-0.01 {
			t.Errorf("policy %d: hit ratio %.4f, uniform sampling gets %.4f, seed %d", policy, got, want, seed)
		}
		// A cache that evicts at random stays well below both.
		if random := zipfHits(seed, newModelCache(seed, AllKeysRandom)); got < random+0.01 {
			t.Errorf("policy %d: hit ratio %.4f is no better than that of random eviction, %.4f, seed %d", policy, got, random, seed)
		}
	}
}

const (
	zipfKeys    = 50_000
	cacheKeys   = 5_000
	zipfSamples = 5
)

// cache is asked for a key and tells whether it had it; it has it from then on.
type cache interface {
	get(key int, nowMs int64) bool
}

func zipfHits(seed uint64, c cache) float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	z := rand.NewZipf(rng, 1.05, 8, zipfKeys-1)
	hits, n := 0, 400_000
	for i := range n {
		if c.get(int(z.Uint64()), int64(i)*10) {
			hits++
		}
	}
	return float64(hits) / float64(n)
}

type storeCache struct {
	s      *Store
	policy Policy
}

func newStoreCache(seed uint64, p Policy) *storeCache {
	s := New(Options{Databases: 1, Seed: seed, Rand: rand.New(rand.NewPCG(seed, 2))})
	s.Clock().LFU = p.LFU()
	return &storeCache{s, p}
}

func (c *storeCache) get(key int, nowMs int64) bool {
	c.s.SetNow(nowMs + 1)
	db := c.s.DBs[0]
	name := fmt.Appendf(nil, "key:%d", key)
	if k := db.Find(name); k.Exists() {
		return true
	}
	for db.Len() >= cacheKeys {
		if !c.s.Evict(c.policy, zipfSamples, func(*DB, []byte) {}) {
			panic("nothing to evict")
		}
	}
	k := db.FindForWrite(name)
	expire := int64(0)
	if c.policy.Volatile() {
		expire = 1 << 50
	}
	k.Set(name, String, Raw, 8, expire)
	return false
}

// modelCache samples uniformly from a plain list.
type modelCache struct {
	clock  Clock
	rng    *rand.Rand
	policy Policy
	at     map[int]int // key -> place in keys
	keys   []int
	fields []uint32 // access clocks, by place
	pool   []int
}

func newModelCache(seed uint64, p Policy) *modelCache {
	return &modelCache{clock: Clock{LFU: p.LFU(), LogFactor: 10, DecayMins: 1}, rng: rand.New(rand.NewPCG(seed, 3)), policy: p, at: map[int]int{}}
}

func (c *modelCache) get(key int, nowMs int64) bool {
	c.clock.Advance(nowMs + 1)
	if i, ok := c.at[key]; ok {
		c.fields[i] = c.touched(c.fields[i])
		return true
	}
	if len(c.keys) >= cacheKeys {
		c.evict()
	}
	c.at[key] = len(c.keys)
	c.keys = append(c.keys, key)
	c.fields = append(c.fields, c.clock.fresh())
	return false
}

func (c *modelCache) touched(field uint32) uint32 {
	if c.clock.LFU {
		return c.clock.minutes<<8 | c.clock.increment(c.clock.decayed(field), c.rng)
	}
	return c.clock.seconds
}

func (c *modelCache) score(key int) int64 {
	f := c.fields[c.at[key]]
	if c.clock.LFU {
		return 255 - int64(c.clock.decayed(f))
	}
	return c.clock.idleSeconds(f)
}

func (c *modelCache) evict() {
	victim := c.keys[c.rng.IntN(len(c.keys))]
	if c.policy != AllKeysRandom {
		live := c.pool[:0]
		for _, k := range c.pool {
			if _, ok := c.at[k]; ok {
				live = append(live, k)
			}
		}
		for range zipfSamples {
			live = append(live, c.keys[c.rng.IntN(len(c.keys))])
		}
		sort.SliceStable(live, func(i, j int) bool { return c.score(live[i]) > c.score(live[j]) })
		victim = live[0]
		c.pool = live[1:min(len(live), 17)]
	}
	i, last := c.at[victim], len(c.keys)-1
	c.keys[i], c.fields[i] = c.keys[last], c.fields[last]
	c.at[c.keys[i]] = i
	c.keys, c.fields = c.keys[:last], c.fields[:last]
	delete(c.at, victim)
}
