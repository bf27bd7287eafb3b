package clients

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	goredislib "github.com/go-redsync/redsync/v4/redis/goredis/v9"

	"spindle/bench/servers"
)

func TestRedsync(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		rdb := goredis(t, s)
		locks := redsync.New(goredislib.NewPool(rdb))
		m := locks.NewMutex("lock", redsync.WithExpiry(time.Minute))
		check(t, m.Lock())
		want(t, rdb.Get(ctx, "lock"), m.Value())
		if ttl := must(t, rdb.PTTL(ctx, "lock")); ttl <= 0 || ttl > time.Minute {
			t.Error("the lock's time: ", ttl)
		}
		other := locks.NewMutex("lock", redsync.WithTries(2), redsync.WithRetryDelay(time.Millisecond))
		var taken *redsync.ErrTaken
		if err := other.Lock(); !errors.As(err, &taken) {
			t.Error("a second lock: ", err)
		}
		if ok, _ := other.Unlock(); ok {
			t.Error("unlocked by who did not lock")
		}
		want(t, rdb.Expire(ctx, "lock", time.Second*30), true)
		if ok, err := m.Extend(); !ok || err != nil {
			t.Error("extend: ", ok, err)
		}
		if ttl := must(t, rdb.PTTL(ctx, "lock")); ttl <= 30*time.Second {
			t.Error("not extended: ", ttl)
		}
		if ok, err := m.Unlock(); !ok || err != nil {
			t.Error("unlock: ", ok, err)
		}
		want(t, rdb.Exists(ctx, "lock"), 0)
		if ok, err := m.Extend(); ok || err == nil {
			t.Error("extended what is no longer locked")
		}
		check(t, other.TryLock())
	})
}

// Who holds the lock is alone: a plain counter, read and written with a pause in between, loses nothing.
func TestRedsyncContention(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		locks := redsync.New(goredislib.NewPool(goredis(t, s)))
		const workers, rounds = 8, 10
		counter, holders := 0, 0
		var wg sync.WaitGroup
		var mu sync.Mutex // orders the memory accesses for Go; exclusion is the lock's
		step := func(f func()) { mu.Lock(); defer mu.Unlock(); f() }
		for range workers {
			wg.Go(func() {
				m := locks.NewMutex("counter", redsync.WithExpiry(2*patience), redsync.WithTries(1000000),
					redsync.WithRetryDelayFunc(func(int) time.Duration { return time.Millisecond }))
				for range rounds {
					if err := m.Lock(); err != nil {
						t.Error(err)
						return
					}
					read := 0
					step(func() { holders++; read = counter })
					step(func() {
						if holders != 1 {
							t.Errorf("%d hold the lock", holders)
						}
						counter = read + 1
						holders--
					})
					if ok, err := m.Unlock(); !ok || err != nil {
						t.Error("unlock: ", ok, err)
					}
				}
			})
		}
		wg.Wait()
		same(t, "counter", counter, workers*rounds)
	})
}
