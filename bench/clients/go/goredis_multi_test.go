package clients

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"spindle/bench/servers"
)

func TestPipelines(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		var incr *redis.IntCmd
		var bad *redis.IntCmd
		cmds, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "s", "text", 0)
			bad = p.Incr(ctx, "s")
			incr = p.Incr(ctx, "n")
			p.Get(ctx, "absent")
			return nil
		})
		same(t, "replies", len(cmds), 4)
		if err == nil || bad.Err() == nil {
			t.Error("no error from INCR of a text")
		}
		want(t, incr, 1)
		nothing(t, cmds[3].(*redis.StringCmd))
		const n = 10000
		pipe := rdb.Pipeline()
		for i := range n {
			pipe.RPush(ctx, "l", i)
		}
		replies, err := pipe.Exec(ctx)
		check(t, err)
		for i, r := range replies {
			if got := r.(*redis.IntCmd).Val(); got != int64(i+1) {
				t.Fatalf("reply %d is %d", i, got)
			}
		}
	})
}

func TestTransactions(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		tx := rdb.TxPipeline()
		a, b := tx.Incr(ctx, "n"), tx.Incr(ctx, "n")
		tx.HSet(ctx, "h", "f", "v")
		all := tx.HGetAll(ctx, "h")
		_, err := tx.Exec(ctx)
		check(t, err)
		same(t, "results", []int64{a.Val(), b.Val()}, []int64{1, 2})
		same(t, "hash in EXEC", all.Val(), map[string]string{"f": "v"})
		// One that fails at run time stops none of the others.
		tx = rdb.TxPipeline()
		failing, after := tx.Incr(ctx, "h"), tx.Incr(ctx, "n")
		if _, err = tx.Exec(ctx); err == nil || failing.Err() == nil || after.Val() != 3 {
			t.Errorf("EXEC: %v, %v, %v", err, failing, after)
		}
		// One that cannot be queued stops all.
		tx = rdb.TxPipeline()
		tx.Incr(ctx, "n")
		tx.Do(ctx, "NOSUCHCOMMAND")
		if _, err = tx.Exec(ctx); err == nil || !strings.Contains(err.Error(), "EXECABORT") && !strings.Contains(err.Error(), "unknown command") {
			t.Error("EXEC of an unknown command: ", err)
		}
		want(t, rdb.Get(ctx, "n"), "3")
	})
}

// Optimistic locking: many clients read a counter, add to it and write it back if nobody else did.
func TestWatch(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		const workers, rounds = 8, 20
		increment := func(tx *redis.Tx) error {
			n, err := tx.Get(ctx, "counter").Int()
			if err != nil && err != redis.Nil {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, "counter", n+1, 0)
				return nil
			})
			return err
		}
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for done := 0; done < rounds; {
					switch err := rdb.Watch(ctx, increment, "counter"); {
					case err == nil:
						done++
					case !errors.Is(err, redis.TxFailedErr):
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		want(t, rdb.Get(ctx, "counter"), fmt.Sprint(workers*rounds))
		// A change in between must be seen, whoever makes it.
		err := rdb.Watch(ctx, func(tx *redis.Tx) error {
			want(t, rdb.Set(ctx, "counter", "changed", 0), "OK")
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "counter", 0, 0); return nil })
			return err
		}, "counter")
		if !errors.Is(err, redis.TxFailedErr) {
			t.Error("a dirty transaction: ", err)
		}
		want(t, rdb.Get(ctx, "counter"), "changed")
	})
}

func TestBlockingPops(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		// Each wait begins before the push, and the server says so.
		blocked := func() { waitBlocked(t, rdb, 1) }
		popped := make(chan []string, 1)
		go func() { popped <- rdb.BLPop(ctx, patience, "first", "second").Val() }()
		blocked()
		want(t, rdb.RPush(ctx, "second", "v", "w"), 2)
		same(t, "BLPOP", next(t, "BLPOP", popped), []string{"second", "v"})
		moved := make(chan string, 1)
		go func() { moved <- rdb.BLMove(ctx, "third", "second", "left", "right", patience).Val() }()
		blocked()
		want(t, rdb.Rename(ctx, "second", "third"), "OK")
		same(t, "BLMOVE", next(t, "BLMOVE", moved), "w")
		scored := make(chan *redis.ZWithKey, 1)
		go func() { scored <- rdb.BZPopMin(ctx, patience, "z").Val() }()
		blocked()
		want(t, rdb.ZAdd(ctx, "z", redis.Z{Score: 2, Member: "b"}, redis.Z{Score: 1, Member: "a"}), 2)
		same(t, "BZPOPMIN", *next(t, "BZPOPMIN", scored), redis.ZWithKey{Key: "z", Z: redis.Z{Score: 1, Member: "a"}})
		entry := make(chan []redis.XStream, 1)
		go func() { entry <- rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{"x", "$"}, Block: patience}).Val() }()
		blocked()
		must(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: "x", ID: "1-1", Values: []string{"f", "v"}}))
		same(t, "XREAD", next(t, "XREAD", entry), []redis.XStream{{Stream: "x", Messages: []redis.XMessage{{ID: "1-1", Values: map[string]any{"f": "v"}}}}})
		nothing(t, rdb.Do(ctx, "BRPOP", "absent", "0.01"))
		nothing(t, rdb.Do(ctx, "BLMPOP", "0.01", 1, "absent", "LEFT"))
	})
}

// waitBlocked waits until n clients are blocked.
func waitBlocked(t testing.TB, rdb *redis.Client, n int) {
	t.Helper()
	within(t, "the client blocks", func() bool {
		return rdb.InfoMap(ctx, "clients").Val()["Clients"]["blocked_clients"] == fmt.Sprint(n)
	})
}

// A queue that many producers and consumers share delivers every element once.
func TestQueue(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		rdb := goredis(t, s, func(o *redis.Options) { o.PoolSize = 40 })
		const producers, each, consumers = 4, 200, 8
		got := make(chan string, producers*each)
		var wg sync.WaitGroup
		for range consumers {
			wg.Go(func() {
				for {
					kv, err := rdb.BLPop(ctx, patience, "queue").Result()
					if err != nil {
						t.Error(err)
						return
					}
					if kv[1] == "stop" {
						return
					}
					got <- kv[1]
				}
			})
		}
		var producing sync.WaitGroup
		for p := range producers {
			producing.Go(func() {
				for i := range each {
					must(t, rdb.RPush(ctx, "queue", fmt.Sprint(p, "-", i)))
				}
			})
		}
		producing.Wait()
		for range consumers {
			must(t, rdb.RPush(ctx, "queue", "stop"))
		}
		wg.Wait()
		close(got)
		seen := map[string]int{}
		for v := range got {
			seen[v]++
		}
		same(t, "distinct elements", len(seen), producers*each)
		for v, n := range seen {
			if n != 1 {
				t.Errorf("%s was delivered %d times", v, n)
			}
		}
	})
}
