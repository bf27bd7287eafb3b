package clients

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"spindle/bench/servers"
)

// rueidisClient connects until the test ends. The library speaks RESP3 only when it caches.
func rueidisClient(t testing.TB, s *servers.Server, change ...func(*rueidis.ClientOption)) rueidis.Client {
	t.Helper()
	o := rueidis.ClientOption{InitAddress: []string{s.Addr}, ForceSingleClient: true, ConnWriteTimeout: patience}
	for _, c := range change {
		c(&o)
	}
	client, err := rueidis.NewClient(o)
	check(t, err)
	t.Cleanup(client.Close)
	return client
}

func resp2(o *rueidis.ClientOption) { o.AlwaysRESP2, o.DisableCache = true, true }

func TestRueidis(t *testing.T) {
	for name, change := range map[string]func(*rueidis.ClientOption){
		"RESP3": func(*rueidis.ClientOption) {}, "RESP2": resp2,
		"pipelined": func(o *rueidis.ClientOption) { o.AlwaysPipelining = true },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *servers.Server) { rueidisCommands(t, rueidisClient(t, s, change)) })
		})
	}
}

func rueidisCommands(t *testing.T, c rueidis.Client) {
	check(t, c.Do(ctx, c.B().Set().Key("k").Value("v").ExSeconds(100).Build()).Error())
	text, err := c.Do(ctx, c.B().Get().Key("k").Build()).ToString()
	check(t, err)
	same(t, "GET", text, "v")
	if err := c.Do(ctx, c.B().Get().Key("absent").Build()).Error(); !rueidis.IsRedisNil(err) {
		t.Error("GET of an absent key: ", err)
	}
	err = c.Do(ctx, c.B().Incr().Key("k").Build()).Error()
	if re, is := rueidis.IsRedisErr(err); !is || !strings.HasPrefix(re.Error(), "value is not an integer") {
		t.Error("INCR of a text: ", err)
	}
	check(t, c.Do(ctx, c.B().Hset().Key("h").FieldValue().FieldValue("a", "1").FieldValue("b", "2").Build()).Error())
	fields, err := c.Do(ctx, c.B().Hgetall().Key("h").Build()).AsStrMap()
	check(t, err)
	same(t, "HGETALL", fields, map[string]string{"a": "1", "b": "2"})
	check(t, c.Do(ctx, c.B().Zadd().Key("z").ScoreMember().ScoreMember(1.5, "m").ScoreMember(2, "n").Build()).Error())
	scores, err := c.Do(ctx, c.B().Zrange().Key("z").Min("0").Max("-1").Withscores().Build()).AsZScores()
	check(t, err)
	same(t, "ZRANGE", scores, []rueidis.ZScore{{Member: "m", Score: 1.5}, {Member: "n", Score: 2}})
	var many rueidis.Commands
	for i := range 1000 {
		many = append(many, c.B().Incrby().Key("n").Increment(int64(i)).Build())
	}
	sum := int64(0)
	for i, r := range c.DoMulti(ctx, many...) {
		sum += int64(i)
		n, err := r.AsInt64()
		check(t, err)
		same(t, "INCRBY", n, sum)
	}
	keys, err := rueidis.MGet(c, ctx, []string{"k", "n", "absent"})
	check(t, err)
	n, absent := keys["n"], keys["absent"]
	if got, _ := n.ToString(); got != fmt.Sprint(sum) || !absent.IsNil() {
		t.Errorf("MGET: %v", keys)
	}
	seen := map[string]bool{}
	scan := rueidis.NewScanner(func(cursor uint64) (rueidis.ScanEntry, error) {
		return c.Do(ctx, c.B().Scan().Cursor(cursor).Count(2).Build()).AsScanEntry()
	})
	for key := range scan.Iter() {
		seen[key] = true
	}
	check(t, scan.Err())
	same(t, "SCAN", seen, map[string]bool{"k": true, "h": true, "z": true, "n": true})
	check(t, c.Dedicated(func(d rueidis.DedicatedClient) error { return rueidisTransaction(t, c, d) }))
}

// rueidisTransaction watches a key, loses against another client, and wins at the second try.
func rueidisTransaction(t *testing.T, other rueidis.Client, d rueidis.DedicatedClient) error {
	for try := range 2 {
		if err := d.Do(ctx, d.B().Watch().Key("watched").Build()).Error(); err != nil {
			return err
		}
		if try == 0 {
			check(t, other.Do(ctx, other.B().Incr().Key("watched").Build()).Error())
		}
		replies := d.DoMulti(ctx, d.B().Multi().Build(), d.B().Incr().Key("watched").Build(), d.B().Exec().Build())
		list, err := replies[2].AsIntSlice()
		if lost := rueidis.IsRedisNil(err); lost != (try == 0) {
			t.Errorf("try %d: %v, %v", try, list, err)
		} else if !lost {
			same(t, "EXEC", list, []int64{2})
		}
	}
	return nil
}

// cached asks through the client's cache and reports whether the answer came out of it.
func cached(t testing.TB, c rueidis.Client, cmd rueidis.Cacheable) (string, bool) {
	t.Helper()
	r := c.DoCache(ctx, cmd, time.Minute)
	text, err := r.ToString()
	if rueidis.IsRedisNil(err) {
		return "(nil)", r.IsCacheHit()
	}
	check(t, err)
	return text, r.IsCacheHit()
}

// The second read comes out of the client's memory, until the server says that the value is no longer true.
func TestClientSideCaching(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		invalidated := make(chan string, 100)
		c := rueidisClient(t, s, func(o *rueidis.ClientOption) {
			o.PipelineMultiplex = -1 // one connection: FLUSHALL tells every one
			o.OnInvalidations = func(messages []rueidis.RedisMessage) {
				if messages == nil {
					invalidated <- "(everything)"
				}
				for _, m := range messages {
					key, _ := m.ToString()
					invalidated <- key
				}
			}
		})
		rdb := goredis(t, s)
		get := func() rueidis.Cacheable { return c.B().Get().Key("k").Cache() }
		expect := func(text string, hit bool) {
			t.Helper()
			if got, was := cached(t, c, get()); got != text || was != hit {
				t.Errorf("got %q, from the cache: %v; want %q, %v", got, was, text, hit)
			}
		}
		want(t, rdb.Set(ctx, "k", "1", 0), "OK")
		for round, change := range []func() (string, string){
			func() (string, string) { must(t, rdb.Set(ctx, "k", "2", 0)); return "2", "k" },
			func() (string, string) { must(t, rdb.Append(ctx, "k", "!")); return "2!", "k" },
			func() (string, string) { must(t, rdb.Del(ctx, "k")); return "(nil)", "k" },
			func() (string, string) { must(t, rdb.Set(ctx, "k", "3", time.Hour)); return "3", "k" },
			func() (string, string) { must(t, rdb.Rename(ctx, "k", "l")); return "(nil)", "k" },
			func() (string, string) { must(t, rdb.FlushAll(ctx)); return "(nil)", "(everything)" },
		} {
			before, _ := cached(t, c, get())
			expect(before, true)
			after, key := change()
			same(t, fmt.Sprint("invalidation ", round), next(t, "an invalidation", invalidated), key)
			expect(after, false)
		}
		want(t, rdb.Set(ctx, "k", "4", 50*time.Millisecond), "OK")
		within(t, "the value expires in the cache, too", func() bool { text, _ := cached(t, c, get()); return text == "(nil)" })
		for i := range 50 {
			want(t, rdb.HSet(ctx, fmt.Sprint("many", i), "f", i), 1)
		}
		for round := range 2 {
			var many []rueidis.CacheableTTL // used up by DoMultiCache
			for i := range 50 {
				many = append(many, rueidis.CT(c.B().Hget().Key(fmt.Sprint("many", i)).Field("f").Cache(), time.Minute))
			}
			for i, r := range c.DoMultiCache(ctx, many...) {
				text, err := r.ToString()
				check(t, err)
				if text != fmt.Sprint(i) || r.IsCacheHit() != (round == 1) {
					t.Errorf("round %d, key %d: %q, from the cache: %v", round, i, text, r.IsCacheHit())
				}
			}
		}
	})
}

// Prefixes are watched whether they were read or not (BCAST); OPTOUT and manual tracking are the library's own choice of options.
func TestBroadcastTracking(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		invalidated := make(chan string, 100)
		rueidisClient(t, s, func(o *rueidis.ClientOption) {
			o.PipelineMultiplex = -1
			o.ClientTrackingOptions = []string{"PREFIX", "user:", "PREFIX", "item:", "BCAST"}
			o.OnInvalidations = func(messages []rueidis.RedisMessage) {
				for _, m := range messages {
					key, _ := m.ToString()
					invalidated <- key
				}
			}
		})
		rdb := goredis(t, s)
		want(t, rdb.Set(ctx, "other", 1, 0), "OK")
		want(t, rdb.Set(ctx, "user:1", 1, 0), "OK")
		want(t, rdb.LPush(ctx, "item:1", 1), 1)
		same(t, "first", next(t, "an invalidation", invalidated), "user:1")
		same(t, "second", next(t, "an invalidation", invalidated), "item:1")
	})
}

func TestRueidisPubSub(t *testing.T) {
	for _, p := range []string{"RESP3", "RESP2"} {
		t.Run(p, func(t *testing.T) {
			both(t, func(t *testing.T, s *servers.Server) {
				change := func(*rueidis.ClientOption) {}
				if p == "RESP2" {
					change = resp2
				}
				c, rdb := rueidisClient(t, s, change), goredis(t, s)
				rctx, stop := context.WithCancel(ctx)
				messages := make(chan rueidis.PubSubMessage, 10)
				receive := func(cmd rueidis.Completed) func() {
					return func() {
						if err := c.Receive(rctx, cmd, func(m rueidis.PubSubMessage) { messages <- m }); !errors.Is(err, context.Canceled) {
							t.Error(err)
						}
					}
				}
				var wg sync.WaitGroup
				defer wg.Wait()
				defer stop()
				wg.Go(receive(c.B().Subscribe().Channel("news").Build()))
				wg.Go(receive(c.B().Psubscribe().Pattern("o*").Build()))
				wg.Go(receive(c.B().Ssubscribe().Channel("shard").Build()))
				within(t, "subscribed", func() bool {
					return rdb.PubSubNumSub(ctx, "news").Val()["news"] == 1 && rdb.PubSubNumPat(ctx).Val() == 1 &&
						rdb.PubSubShardNumSub(ctx, "shard").Val()["shard"] == 1
				})
				want(t, rdb.Publish(ctx, "news", "1"), 1)
				want(t, rdb.Publish(ctx, "offers", "2"), 1)
				want(t, rdb.SPublish(ctx, "shard", "3"), 1)
				got := map[rueidis.PubSubMessage]bool{}
				for range 3 {
					got[next(t, "a message", messages)] = true
				}
				expected := map[rueidis.PubSubMessage]bool{{Channel: "news", Message: "1"}: true,
					{Pattern: "o*", Channel: "offers", Message: "2"}: true, {Channel: "shard", Message: "3"}: true}
				if !reflect.DeepEqual(got, expected) {
					t.Errorf("messages: %v", got)
				}
			})
		})
	}
}
