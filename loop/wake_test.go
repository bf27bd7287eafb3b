package loop

import (
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Every posted function runs, once, in its poster's order, while input keeps the loop busy.
func TestPostFromManyGoroutines(t *testing.T) {
	const posters, each = 8, 20_000
	l := serve(t, Config{}, &funcs{data: echo})
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	conn := dial(t, l)
	traffic.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				roundTrip(t, conn, "hello")
			}
		}
	})
	var next [posters]int // the loop's
	var total atomic.Int64
	for p := range posters {
		go func() {
			for i := range each {
				l.Post(func() {
					if next[p] != i {
						t.Errorf("poster %d: function %d in place of %d", p, i, next[p])
					}
					next[p]++
					total.Add(1)
				})
			}
		}()
	}
	waitFor(t, "all functions", func() bool { return total.Load() == posters*each })
	close(stop)
	traffic.Wait()
}

// inTime runs a measurement until it is content. A machine under load is late now and then, a fault always is.
func inTime(t *testing.T, measure func() error) {
	t.Helper()
	var err error
	for range 20 {
		if err = measure(); err == nil {
			return
		}
		t.Log("measured again: ", err)
	}
	t.Fatal(err)
}

// evio can lose a wake-up until its poll times out after 100 ms. One of many would show here.
func TestPostIsNeverLate(t *testing.T) {
	l := serve(t, Config{}, &funcs{})
	inTime(t, func() error { return postLatency(t, l) })
}

func postLatency(t *testing.T, l *Loop) error {
	var late []time.Duration
	for i := range 3000 {
		start := time.Now()
		done := make(chan struct{})
		l.Post(func() { l.Post(func() { close(done) }) })
		if i%3 == 0 {
			l.Post(func() {})
		}
		recv(t, done)
		late = append(late, time.Since(start))
	}
	slices.Sort(late)
	if median := late[len(late)/2]; median > 10*time.Millisecond {
		return fmt.Errorf("median latency %v", median)
	}
	if n := len(late) - 30; late[n] > 80*time.Millisecond {
		return fmt.Errorf("1 %% take over %v, up to %v", late[n], late[len(late)-1])
	}
	return nil
}

func TestPostBeforeRun(t *testing.T) {
	l, err := Listen(Config{TCP: []string{"127.0.0.1:0"}}, &funcs{})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{})
	l.Post(func() { close(ran) })
	l.After(0, l.Shutdown)
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	recv(t, ran)
}

func TestShutdownBeforeRun(t *testing.T) {
	l, err := Listen(Config{TCP: []string{"127.0.0.1:0"}}, &funcs{})
	if err != nil {
		t.Fatal(err)
	}
	l.Shutdown()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
}

// evio forgets a shutdown that comes before it waits for one.
func TestEarlyShutdown(t *testing.T) {
	for range 20 {
		l, err := Listen(Config{TCP: []string{"127.0.0.1:0"}}, &funcs{})
		if err != nil {
			t.Fatal(err)
		}
		l.Post(l.Shutdown)
		start := time.Now()
		if err := l.Run(); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Fatalf("shutdown took %v", d)
		}
	}
}

func TestTimersRunInOrderAndOnTime(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	l := serve(t, Config{}, &funcs{})
	inTime(t, func() error { return timerLatency(t, l, rng) })
}

// timerLatency fails the test where timers run early, twice, never or out of order, and returns an error where they are late.
func timerLatency(t *testing.T, l *Loop, rng *rand.Rand) (err error) {
	const n = 300
	type run struct{ due, at time.Time }
	var runs []run
	stopped := 0
	onLoop(t, l, func() {
		for i := range n {
			d := time.Duration(rng.Intn(200_000)) * time.Microsecond
			var timer *Timer
			timer = l.After(d, func() { runs = append(runs, run{timer.at, time.Now()}) })
			if i%3 == 0 {
				timer.Stop()
				timer.Stop()
				stopped++
			}
		}
	})
	waitFor(t, "all timers", func() (all bool) {
		onLoop(t, l, func() { all = len(runs) >= n-stopped })
		return all
	})
	time.Sleep(20 * time.Millisecond) // those that were stopped do not run
	onLoop(t, l, func() {
		if len(runs) != n-stopped {
			t.Errorf("%d timers ran, want %d", len(runs), n-stopped)
		}
		var late []time.Duration
		for _, r := range runs {
			if r.at.Before(r.due.Add(-time.Millisecond)) {
				t.Errorf("ran %v early", r.due.Sub(r.at))
			}
			late = append(late, r.at.Sub(r.due))
		}
		slices.Sort(late)
		if m := late[len(late)/2]; m > 20*time.Millisecond {
			err = fmt.Errorf("half the timers run over %v late", m)
		}
		if !slices.IsSortedFunc(runs, func(a, b run) int { return a.due.Compare(b.due) }) {
			t.Error("timers ran out of order")
		}
	})
	return err
}

// A timer that sets itself with no delay leaves room for input.
func TestTimerWithoutDelayDoesNotStarve(t *testing.T) {
	l := serve(t, Config{}, &funcs{data: echo})
	stop := false
	var again func()
	again = func() {
		if !stop {
			l.After(0, again)
		}
	}
	l.Post(again)
	conn := dial(t, l)
	for range 100 {
		roundTrip(t, conn, "hello")
	}
	onLoop(t, l, func() { stop = true })
}

func TestTick(t *testing.T) {
	var ticks atomic.Int32
	start := time.Now()
	serve(t, Config{}, &funcs{tick: func() time.Duration { ticks.Add(1); return 10 * time.Millisecond }})
	waitFor(t, "ticks", func() bool { return ticks.Load() >= 20 })
	if n, took := ticks.Load(), time.Since(start); time.Duration(n-2)*10*time.Millisecond > took {
		t.Fatalf("%d ticks of 10 ms in %v", n, took)
	}
}

func TestIdleLoopRests(t *testing.T) {
	l := serve(t, Config{}, &funcs{data: echo})
	for range 50 {
		roundTrip(t, dial(t, l), "hello")
	}
	wantIdle(t)
}
