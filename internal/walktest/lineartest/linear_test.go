package lineartest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/anishathalye/porcupine"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/walktest"
)

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q is not a number", name, v)
	}
	return n
}

func run(t *testing.T, seed uint64, commands int) (r *walktest.Result) {
	synctest.Test(t, func(t *testing.T) { r = walktest.Run(t, walktest.Of(seed, commands)) })
	return r
}

// TestRandomWalkIsLinearizable: whatever goes wrong, callers see one Board.
// SWITCHBOARD_WALK is the number of commands, SWITCHBOARD_SEED picks one seed.
func TestRandomWalkIsLinearizable(t *testing.T) {
	const each = 1000
	check := func(t *testing.T, seed uint64) {
		r := run(t, seed, each)
		if t.Failed() {
			return
		}
		histories := Histories(r)
		for _, id := range Check(histories) {
			t.Errorf("SWITCHBOARD_SEED=%d: the history of %v is not linearizable:\n%s", seed, id, show(histories[id]))
		}
	}
	if seed := number(t, "SWITCHBOARD_SEED", -1); seed >= 0 {
		check(t, uint64(seed))
		return
	}
	for seed := 0; seed*each < number(t, "SWITCHBOARD_WALK", 3000); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			check(t, uint64(seed))
		})
	}
}

// show lists a history by call.
func show(history []porcupine.Operation) string {
	ops := slices.Clone(history)
	slices.SortStableFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range ops {
		fmt.Fprintf(&b, "%d to %d: %s\n", op.Call, op.Return, Model.DescribeOperation(op.Input, op.Output))
	}
	return b.String()
}

// TestTheCheckSees: what no single Board could have done is found, in made-up
// histories and in real ones with one answer changed.
func TestTheCheckSees(t *testing.T) {
	const id = conversation.ID(1)
	log := func(at int64, no int, e conversation.Event) porcupine.Operation {
		return porcupine.Operation{Input: happened{no, e}, Call: at, Return: at}
	}
	call := func(from, to int64, cmd conversation.Command, refusal error) porcupine.Operation {
		return porcupine.Operation{Input: cmd, Output: answer{refusal}, Call: from, Return: to}
	}
	opened := log(10, 0, conversation.Opened{Conversation: id})
	made := log(10, 1, conversation.OfferMade{Conversation: id, Agent: "ann", Kind: conversation.FromQueue})
	accept := conversation.Accept{Conversation: id, Agent: "ann"}
	end := conversation.End{Conversation: id, Agent: "ann"}
	wrapUp := conversation.SubmitWrapUp{Conversation: id, Agent: "ann", Reason: "done"}
	give := conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "bob"}
	take := conversation.Accept{Conversation: id, Agent: "bob"}
	for _, tc := range []struct {
		name string
		ops  []porcupine.Operation
		want bool
	}{
		{"a good one", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(40, 50, end, nil), call(60, 70, wrapUp, nil)}, true},
		{"accepted before it was offered", []porcupine.Operation{opened, made, call(1, 9, accept, nil)}, false},
		{"accepted while it was offered", []porcupine.Operation{opened, made, call(1, 11, accept, nil)}, true},
		{"a stale refusal", []porcupine.Operation{opened, made, call(20, 30, accept, conversation.ErrNotOffered)}, false},
		{"a refusal that began before", []porcupine.Operation{opened, made, call(9, 30, accept, conversation.ErrNotOffered)}, true},
		{"ended twice, told that there is no seat", []porcupine.Operation{opened, made, call(20, 30, accept, nil),
			call(40, 50, end, nil), call(60, 70, end, conversation.ErrNotSeated)}, true},
		{"not ended, told so", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(40, 50, end, conversation.ErrNotSeated)}, false},
		{"wrapped up before the end", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(35, 38, wrapUp, nil), call(40, 50, end, nil)}, false},
		{"transferred and taken", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(40, 50, give, nil), call(60, 70, take, nil)}, true},
		{"taken before the transfer", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(60, 70, give, nil), call(40, 50, take, nil)}, false},
		{"transferred by two owners", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(40, 50, give, nil), call(41, 51, give, nil)}, false},
		{"transferred, and an older refusal of the end", []porcupine.Operation{opened, made, call(20, 30, accept, nil), call(40, 50, give, nil),
			call(20, 60, end, conversation.ErrTransferPending)}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := porcupine.CheckOperations(Model, tc.ops); got != tc.want {
				t.Errorf("linearizable: %t, want %t", got, tc.want)
			}
		})
	}
	t.Run("changed answers", func(t *testing.T) {
		changed, seen := 0, 0
		for id, ops := range Histories(run(t, 1, 1000)) {
			for i := range ops {
				accept, ok := ops[i].Input.(conversation.Accept)
				if !ok || ops[i].Output.(answer).refusal != nil {
					continue
				}
				wrong := slices.Clone(ops)
				wrong[i].Output = answer{&conversation.Refusal{Command: accept.Name(), Conversation: id, Err: conversation.ErrNotOffered}}
				changed++
				if !porcupine.CheckOperations(Model, wrong) {
					seen++
				}
			}
		}
		// A few cannot be told: nothing follows them, and they were asked twice.
		if changed < 20 || seen < changed*8/10 {
			t.Errorf("of %d accepted offers that were said to be refused, %d were found", changed, seen)
		}
	})
}
