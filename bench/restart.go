package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spindle/bench/client"
	"spindle/bench/report"
	"spindle/bench/servers"
)

const restartValue = 32 // bytes

// restart measures how long a server takes from its start to its first answer,
// with a log as it was written and with one that was rewritten.
func (b *bench) restart(r *report.Report) error {
	t := r.Table("seconds from start to the first PONG", "log", "redis", "spindle", "ratio", "redis MiB", "spindle MiB")
	var took [2][2]time.Duration // by kind of log, by side
	var size [2][2]int64
	for _, who := range sides {
		if err := b.restarts(who, &took, &size); err != nil {
			return fmt.Errorf("%v: %w", who, err)
		}
	}
	kinds := []string{"as written", "rewritten"}
	series := [2]report.Series{{Name: redis.String()}, {Name: spindle.String()}}
	for i, kind := range kinds {
		x, y := took[i][redis].Seconds(), took[i][spindle].Seconds()
		t.Row(kind, fmt.Sprintf("%.2f", x), fmt.Sprintf("%.2f", y), ratio(y, x), mib(size[i][redis]), mib(size[i][spindle]))
		series[redis].Values = append(series[redis].Values, x)
		series[spindle].Values = append(series[spindle].Values, y)
	}
	r.Bars("restart", fmt.Sprintf("Start with %s keys in the log", count(b.opt.restartKeys)), "seconds", kinds, series[:]...)
	r.Notef("%s keys of 16 bytes with values of %d bytes; the files are in the page cache", count(b.opt.restartKeys), restartValue)
	return nil
}

func (b *bench) restarts(who side, took *[2][2]time.Duration, size *[2][2]int64) error {
	s, err := b.start(who, setting{}, logArgs(true)...)
	if err != nil {
		return err
	}
	defer b.stop(s)
	if err := b.load(s.Addr, b.opt.restartKeys, putString(restartValue), "restart: loading %v", who); err != nil {
		return err
	}
	if took[0][who], err = b.restartOnce(s, who); err != nil {
		return err
	}
	size[0][who] = logSize(s.Dir)
	b.progress.Stepf("restart: rewriting the log of %v", who)
	if err := rewriteLog(s.Addr); err != nil {
		return err
	}
	if took[1][who], err = b.restartOnce(s, who); err != nil {
		return err
	}
	size[1][who] = logSize(s.Dir)
	return nil
}

// restartOnce stops the server in good order, times its start and checks that
// all keys are back.
func (b *bench) restartOnce(s *servers.Server, who side) (time.Duration, error) {
	b.progress.Stepf("restart: restarting %v", who)
	if !s.Terminate() {
		return 0, fmt.Errorf("did not end on SIGTERM")
	}
	start := time.Now()
	if err := s.Restart(); err != nil {
		return 0, err
	}
	took := time.Since(start)
	c, err := client.Dial(s.Addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	n, err := c.Do("DBSIZE")
	if err == nil && n.Int != int64(b.opt.restartKeys) {
		err = fmt.Errorf("%d of %d keys are back", n.Int, b.opt.restartKeys)
	}
	return took, err
}

// rewriteLog rewrites the log and waits for the end.
func rewriteLog(addr string) error {
	c, err := client.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do("BGREWRITEAOF"); err != nil {
		return err
	}
	return waitRewrite(c)
}

// waitRewrite waits until no rewrite runs or is about to, and fails if the last
// one did.
func waitRewrite(c *client.Conn) error {
	limit := time.Now().Add(readyTimeout)
	for time.Now().Before(limit) {
		time.Sleep(10 * time.Millisecond)
		info, err := c.Info("persistence")
		if err != nil {
			return err
		}
		if info["aof_rewrite_in_progress"] != "0" || info["aof_rewrite_scheduled"] != "0" {
			continue
		}
		if s := info["aof_last_bgrewrite_status"]; s != "ok" {
			return fmt.Errorf("the rewrite ended with status %q", s)
		}
		return nil
	}
	return fmt.Errorf("the rewrite did not end in %v", readyTimeout)
}

// logSize is the total size of the files of the log in bytes.
func logSize(dir string) (n int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "appendonlydir", "*"))
	for _, f := range files {
		if st, err := os.Stat(f); err == nil {
			n += st.Size()
		}
	}
	return n
}
