package pipeline

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkAgentLog reads a log as most are: nearly all of it is the agent's tools at work, in lines of 200 to 4,000 bytes.
func BenchmarkAgentLog(b *testing.B) {
	var log bytes.Buffer
	for log.Len() < 16<<20 {
		fmt.Fprintf(&log, stepLine+"\n")
		for _, length := range []int{20, 4000, 300, 1200, 100, 2400} {
			fmt.Fprintf(&log, updateLine+"\n", "tool_call_update", bytes.Repeat([]byte("a line of it"), length/12))
		}
	}
	b.SetBytes(int64(log.Len()))
	for b.Loop() {
		if _, err := readAgentLog(bytes.NewReader(log.Bytes()), int64(log.Len()), false); err != nil {
			b.Fatal(err)
		}
	}
}
