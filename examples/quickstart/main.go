// Command quickstart plays a customer's conversation from the first message to
// the last wrap-up, on the real clock and over real HTTP on loopback: signed
// webhook requests come in as Meta sends them, Send API requests go out to a
// small stand-in for the Graph API, and the story is printed as it happens.
//
//	go run ./examples/quickstart
//
// It takes a few seconds. There is an offer that is not answered (RONA), a
// transfer, a three-way conference, and a page that is removed.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

const (
	appSecret   = messenger.Secret("quickstart-app-secret")
	verifyToken = messenger.Secret("quickstart-verify-token")
	pageToken   = messenger.Secret("quickstart-page-token")
	page        = conversation.Source("1001")
)

// setup is what an administrator decides: one page, two queues, three agents.
func setup() routing.Setup {
	reasons := wrapup.Policy{
		Reasons: []wrapup.Reason{
			{ID: "resolved", Label: "Vyřešeno"}, {ID: "forwarded", Label: "Předáno kolegovi"}, {ID: "abandoned", Label: "Zákazník neodpovídá"},
		},
		Default: "resolved",
		Limit:   time.Minute,
	}
	return routing.Setup{
		Teams: []routing.Team{{ID: "café"}},
		Queues: []routing.Queue{
			{ID: "orders", Name: "Objednávky", Agents: []agent.ID{"ann", "bob"}, OfferFor: 2 * time.Second, WrapUp: reasons},
			{ID: "complaints", Name: "Reklamace", Teams: []routing.TeamID{"café"}, OfferFor: 5 * time.Second, WrapUp: reasons},
		},
		Agents: []routing.Agent{
			{ID: "ann", Name: "Anna Nováková"},
			{ID: "bob", Name: "Bohumil Růžička", Teams: []routing.TeamID{"café"}},
			{ID: "cyril", Name: "Cyril Dvořák", Teams: []routing.TeamID{"café"}},
		},
		Sources: []routing.Source{{ID: page, Channel: messenger.Channel, Name: "Kavárna Modrá", Queue: "orders"}},
	}
}

func run(ctx context.Context) error {
	// The stand-in for Meta's Graph API, to which the client sends.
	graph := &graphAPI{out: os.Stdout}
	graphURL, stopGraph, err := serve(graph)
	if err != nil {
		return err
	}
	defer stopGraph()

	client, err := messenger.NewClient(messenger.ClientConfig{
		Token:     func(conversation.Source) (messenger.Secret, bool) { return pageToken, true },
		AppSecret: appSecret,
		BaseURL:   graphURL,
	})
	if err != nil {
		return err
	}
	board, err := switchboard.Open(ctx, switchboard.Config{
		Name:       "quickstart",
		Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: client},
	})
	if err != nil {
		return err
	}
	defer board.Close()
	if err := board.Administrator("root").Configure(ctx, setup()); err != nil {
		return err
	}

	// The endpoint that Meta calls.
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: verifyToken,
		AppSecrets:  []messenger.Secret{appSecret},
		Boards: func(p conversation.Source) messenger.Receiver {
			if p == page {
				return board
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	hookURL, stopHook, err := serve(webhook)
	if err != nil {
		return err
	}
	defer stopHook()

	// The story, as it happens.
	n := newNarrator(board, os.Stdout)
	reading, stopReading := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- n.follow(reading) }()

	s := &story{ctx: ctx, board: board, eva: customer{id: "7001", url: hookURL}, heard: n.heard}
	err = s.play()
	if err == nil {
		err = board.Quiet(ctx)
	}
	stopReading()
	if nerr := <-done; err == nil {
		err = nerr
	}
	if err == nil {
		fmt.Printf("\nThe Graph API got %d messages. Done.\n", graph.count())
	}
	return err
}

// serve serves on a free port of the loopback interface.
func serve(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = srv.Close() }, nil
}
