package command

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// BenchmarkGeoSearch looks through 100,000 places in Europe and around it.
func BenchmarkGeoSearch(b *testing.B) {
	r := newRig(b)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 100000 {
		r.do(fmt.Sprintf("GEOADD g %.6f %.6f p%d", rng.Float64()*60-25, rng.Float64()*35+30, i))
	}
	for _, shape := range []string{"BYRADIUS 20 km", "BYRADIUS 500 km", "BYRADIUS 500 km WITHDIST ASC", "BYRADIUS 5000 km ASC", "BYRADIUS 500 km COUNT 10 ANY", "BYBOX 20 20 km", "BYBOX 800 800 km"} {
		b.Run(strings.ReplaceAll(shape, " ", "_"), func(b *testing.B) {
			in := encode(strings.Fields("GEOSEARCH g FROMLONLAT 5 45 " + shape)...)
			b.ReportAllocs()
			for b.Loop() {
				r.conn.out = r.conn.out[:0]
				r.c.Data(in)
			}
		})
	}
}
