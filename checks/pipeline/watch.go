package pipeline

import "context"

// Watched makes a context with which nothing is asked unnoticed: whoever looks with it, asked is told which source is asked,
// whether or not the answer is known already. It may be told from several goroutines at once.
func Watched(ctx context.Context, asked func(Source)) context.Context {
	return context.WithValue(ctx, watcher{}, asked)
}

type watcher struct{}

// noted tells whoever watches.
func noted(ctx context.Context, s Source) {
	if asked, watched := ctx.Value(watcher{}).(func(Source)); watched {
		asked(s)
	}
}
