package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"spindle/aof"
	"spindle/loop"
	"spindle/store/command"
	"spindle/store/config"
)

type handler struct{ s *command.Server }

func (h *handler) Opened(c *loop.Conn) bool {
	c.Session = h.s.Opened(c)
	return true
}
func (h *handler) Data(c *loop.Conn, in []byte)        { c.Session.(*command.Client).Data(in) }
func (h *handler) Drained(c *loop.Conn)                { c.Session.(*command.Client).Drained() }
func (h *handler) Closed(c *loop.Conn, err error)      { h.s.Closed(c.Session.(*command.Client)) }
func (h *handler) Tick() time.Duration { h.s.Tick(); return 100 * time.Millisecond }

func main() {
	cfg := config.Defaults()
	start := time.Now()
	var l *loop.Loop
	s := command.New(cfg, command.Env{
		UnixNano: func() int64 { return time.Now().UnixNano() },
		MonoNano: func() int64 { return int64(time.Since(start)) },
		Rand:     rand.New(rand.NewPCG(1, 2)),
		Post:     func(f func()) { l.Post(f) },
		Logf:     func(level aof.Level, f string, a ...any) { fmt.Printf(f+"\n", a...) },
	})
	if len(os.Args) > 2 {
		log, err := aof.Open(aof.Options{Dir: os.Args[2], Name: "appendonly.aof"})
		if err != nil {
			panic(err)
		}
		s.Log = log
	}
	l, err := loop.Listen(loop.Config{TCP: []string{"127.0.0.1:" + os.Args[1]}}, &handler{s})
	if err != nil {
		panic(err)
	}
	panic(l.Run())
}
