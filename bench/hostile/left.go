package hostile

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
)

// settleLimit is how long a server may take to notice that all have gone, and
// to give memory back.
const settleLimit = 90 * time.Second

const ourClients = 2 // the pinger and the connection that asks

// census asks the server what it keeps, after it has checked its memory.
func (r *run) census() (map[string]int64, error) {
	hung := time.AfterFunc(answerLimit, func() { r.ctl.Close() })
	defer hung.Stop()
	reply, err := r.ctl.Do("DEBUG", "INVARIANTS")
	if err != nil {
		return nil, err
	}
	m := map[string]int64{}
	for i := 0; i+1 < len(reply.Elems); i += 2 {
		m[reply.Elems[i].String()] = reply.Elems[i+1].Int
	}
	return m, nil
}

// drained waits until nothing of the clients is left.
func (r *run) drained() error {
	r.tick("waiting until all have gone")
	var left string
	for end := time.Now().Add(settleLimit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		m, err := r.census()
		if _, busy := err.(client.Error); busy && len(err.Error()) > 4 && err.Error()[:4] == "BUSY" {
			continue
		}
		if err != nil {
			return violation("DEBUG INVARIANTS: %v", err)
		}
		if left = remains(m); left == "" {
			return nil
		}
	}
	list, _ := r.ctl.Do("CLIENT", "LIST")
	return violation("left over: %s\n%s", left, list.String())
}

// remains names what should not be there; keys in the tracking table are no
// matter of this, see state.
func remains(census map[string]int64) string {
	text := ""
	for name, n := range census {
		switch name {
		case "goroutines", "reclaiming":
			continue
		case "clients":
			n -= ourClients
		}
		if n != 0 {
			text += fmt.Sprintf(" %s %d", name, n)
		}
	}
	return text
}

// logAgrees loads the log again and compares.
func (r *run) logAgrees() error {
	r.tick("loading the log")
	for end := time.Now().Add(settleLimit); ; time.Sleep(50 * time.Millisecond) {
		info, err := r.ctl.Info("persistence")
		if err != nil {
			return err
		}
		if info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0" {
			break
		}
		if time.Now().After(end) {
			return violation("the rewrite of the log does not end")
		}
	}
	time.Sleep(300 * time.Millisecond) // what expires soon is gone then
	before, err := r.ctl.Do("DEBUG", "DIGEST")
	if err != nil {
		return err
	}
	if _, err := r.ctl.Do("DEBUG", "LOADAOF"); err != nil {
		return violation("DEBUG LOADAOF: %v\n%s", err, r.server.LogTail(20))
	}
	after, err := r.ctl.Do("DEBUG", "DIGEST")
	if err == nil && before.String() != after.String() {
		err = violation("the log gives back other data: digest %v before, %v after", before, after)
	}
	return err
}

// state empties the server and measures it when it has come to rest.
func (r *run) state() (State, error) {
	r.tick("measuring")
	for _, c := range [][]string{{"FLUSHALL"}, {"SCRIPT", "FLUSH"}, {"SLOWLOG", "RESET"}, {"LATENCY", "RESET"}, {"CONFIG", "RESETSTAT"}} {
		if _, err := r.ctl.Do(c...); err != nil {
			return State{}, err
		}
	}
	rest := min(max(r.Duration/20, 3*time.Second), 20*time.Second)
	var now State
	for end := time.Now().Add(settleLimit); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		last := now
		var err error
		if now, err = r.look(); err != nil {
			return now, err
		}
		if r.result.Before != (State{}) { // there is something to reach
			if excess(r.result.Before, now) == nil {
				break
			}
		} else if now.Used >= last.Used && now.RSS >= last.RSS && time.Until(end) < settleLimit-rest {
			break
		}
	}
	return now, nil
}

func (r *run) look() (State, error) {
	m, err := r.census()
	if err != nil {
		return State{}, violation("DEBUG INVARIANTS: %v", err)
	}
	info, err := r.ctl.Info("memory")
	if err != nil {
		return State{}, err
	}
	st := State{Goroutines: m["goroutines"], RSS: -1, Descriptors: -1}
	st.Used, _ = strconv.ParseInt(info["used_memory"], 10, 64)
	if rss, err := proc.RSS(r.server.Pid()); err == nil {
		st.RSS = rss
	}
	if fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.server.Pid())); err == nil {
		st.Descriptors = len(fds)
	}
	return st, nil
}

// compare fails if the second storm left more than the first.
func (r *run) compare() error { return excess(r.result.Before, r.result.After) }

// excess tells what a server has too much. The collector and the allocators
// keep reserves, which do not grow with time.
func excess(before, after State) error {
	var errs []error
	check := func(what string, before, after, slack int64) {
		if after > before+slack {
			errs = append(errs, fmt.Errorf("%s: %d before, %d after", what, before, after))
		}
	}
	check("used_memory", before.Used, after.Used, 256<<10)
	check("resident memory", before.RSS, after.RSS, 16<<20+before.RSS/4)
	check("descriptors", int64(before.Descriptors), int64(after.Descriptors), 0)
	check("goroutines", before.Goroutines, after.Goroutines, 0)
	if len(errs) > 0 {
		return &Violation{errors.Join(errs...).Error()}
	}
	return nil
}
