package functiontest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// Fault is what befalls one call to DynamoDB.
type Fault int

// The faults.
const (
	None       Fault = iota
	Throttled        // refused before anything is done: ProvisionedThroughputExceededException
	Conflict         // a write refused, as another transaction is at its items
	Reset            // the connection breaks before the call is carried out
	LostAnswer       // the call is carried out, the connection breaks before the answer
)

// String names the fault, for the names of subtests.
func (f Fault) String() string {
	return [...]string{"none", "throttled", "conflict", "reset", "lost answer"}[f]
}

// AllFaults are the faults, for tests that go through them.
var AllFaults = []Fault{Throttled, Conflict, Reset, LostAnswer}

// Call is one call on its way to DynamoDB; each attempt of the SDK counts.
type Call struct {
	Number    int    // from 1, since Faults was called
	Operation string // "TransactWriteItems"
}

// Plan says what befalls a call. It may wait before it answers, to hold this
// call back while others go through: calls at once ask it at once.
type Plan func(Call) Fault

// At is the plan in which one fault befalls the call of this number. To try
// every call of an action, raise the number until the fault is not injected.
func At(number int, fault Fault) Plan {
	return func(c Call) Fault {
		if c.Number == number {
			return fault
		}
		return None
	}
}

// Always is the plan in which a fault befalls every call of these operations,
// or of all when none is given: an outage.
func Always(fault Fault, operations ...string) Plan {
	return func(c Call) Fault {
		if len(operations) == 0 || slices.Contains(operations, c.Operation) {
			return fault
		}
		return None
	}
}

// Faults sets the plan for the calls that follow, nil for none, and returns a
// function that says how many calls were made and faults injected since. A
// Conflict befalls writes only; a read that it is planned for goes through.
func (e *Env) Faults(plan Plan) (since func() (calls, injected int)) {
	c := e.calls
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plan, c.number, c.injected, c.refused = plan, 0, 0, 0
	return func() (int, int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.number, c.injected
	}
}

// Refused is how many transactions the engine refused since Faults was
// called, because a condition did not hold: each is tried again or given up.
func (e *Env) Refused() int {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	return e.calls.refused
}

// Used is the capacity that calls consumed, in units.
type Used struct {
	Read, Write float64
	// Door is what the guard reads of who calls, the same for every page and
	// call of the team. Read leaves it out, and so does Tables.
	Door float64
	// Tables splits it by table.
	Tables map[function.Table]Used
}

// Units is the capacity that the calls made by do consume, in units, indexes
// included. What a refused transaction consumes is not reported by DynamoDB.
func (e *Env) Units(do func()) (read, write float64) {
	used := e.UnitsByTable(do)
	return used.Read, used.Write
}

// UnitsByTable is Units with the part of each table.
func (e *Env) UnitsByTable(do func()) Used {
	e.calls.reset()
	do()
	return e.calls.reset()
}

// calls stands between the SDK and the engine.
type calls struct {
	next   http.RoundTripper
	prefix string

	mu               sync.Mutex
	plan             Plan
	number, injected int
	refused          int
	used             Used
	lagging          map[string][]byte // answers of reads that need not be fresh; nil: all are
}

func (c *calls) reset() Used {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := c.used
	c.used = Used{Tables: map[function.Table]Used{}}
	return used
}

// RoundTrip carries out a call, or what the plan says instead.
func (c *calls) RoundTrip(request *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	fault := c.planned(operation)
	switch fault {
	case Throttled:
		return refusal(request, "ProvisionedThroughputExceededException", nil), nil
	case Conflict:
		return conflict(request, operation, body), nil
	case Reset:
		return nil, syscall.ECONNRESET
	}
	late, keep := c.late(operation, body)
	if late != nil {
		return answered(request, http.StatusOK, late), nil
	}
	body = askForCapacity(operation, body)
	request = request.Clone(request.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response, err := c.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read to its end
	if err != nil {
		return nil, err
	}
	keep(answer)
	c.count(operation, answer)
	if fault == LostAnswer {
		return nil, syscall.ECONNRESET
	}
	response.Body = io.NopCloser(bytes.NewReader(answer))
	return response, nil
}

var writes = []string{"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
var reads = []string{"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}

func (c *calls) planned(operation string) Fault {
	c.mu.Lock()
	c.number++
	plan, number := c.plan, c.number
	c.mu.Unlock()
	if plan == nil {
		return None
	}
	fault := plan(Call{number, operation})
	if fault == Conflict && (operation == "BatchWriteItem" || !slices.Contains(writes, operation)) {
		return None
	}
	if fault != None {
		c.mu.Lock()
		c.injected++
		c.mu.Unlock()
	}
	return fault
}

// Lag makes every later GetItem that does not ask for a consistent read be
// answered as the first one of the same item was: the slowest replica there
// can be. Engines on one machine are never late by themselves.
func (e *Env) Lag() {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	e.calls.lagging = map[string][]byte{}
}

// late is the answer that a lagging replica gives to a read; keep notes the
// first answer. Both do nothing for other calls.
func (c *calls) late(operation string, body []byte) (answer []byte, keep func([]byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lagging == nil || operation != "GetItem" || bytes.Contains(body, []byte(`"ConsistentRead":true`)) {
		return nil, func([]byte) {}
	}
	read := inOneOrder(body)
	return c.lagging[read], func(first []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lagging[read] = first
	}
}

// inOneOrder writes a JSON request with its names sorted: the SDK writes those
// of a key in the order of a Go map, another one each time.
func inOneOrder(body []byte) string {
	var request map[string]any
	_ = json.Unmarshal(body, &request) // the SDK made it
	sorted, _ := json.Marshal(request) // and what was read can be written
	return string(sorted)
}

// conflict is the answer to a write whose items another transaction holds
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling).
func conflict(request *http.Request, operation string, body []byte) *http.Response {
	if operation != "TransactWriteItems" {
		return refusal(request, "TransactionConflictException", nil)
	}
	var asked struct{ TransactItems []json.RawMessage }
	_ = json.Unmarshal(body, &asked) // the SDK made it
	reasons := make([]map[string]string, len(asked.TransactItems))
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	reasons[0] = map[string]string{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
	return refusal(request, "TransactionCanceledException", reasons)
}

func refusal(request *http.Request, code string, reasons []map[string]string) *http.Response {
	answer := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "injected", "Message": "injected"}
	if reasons != nil {
		answer["CancellationReasons"] = reasons
	}
	body, _ := json.Marshal(answer) // strings only: cannot fail
	return answered(request, http.StatusBadRequest, body)
}

func answered(request *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amzn-Requestid": {"injected"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// askForCapacity adds to a call that its answer shall say what it consumed.
func askForCapacity(operation string, body []byte) []byte {
	known := slices.Contains(writes, operation) || slices.Contains(reads, operation)
	if !known || bytes.Contains(body, []byte(`"ReturnConsumedCapacity"`)) {
		return body
	}
	return append([]byte(`{"ReturnConsumedCapacity":"INDEXES",`), body[1:]...)
}

// consumed is the capacity of one table as an answer reports it; the split in
// reads and writes is reported for transactions only.
type consumed struct {
	TableName     string
	CapacityUnits float64
}

func (c *calls) count(operation string, answer []byte) {
	if operation == "TransactWriteItems" && bytes.Contains(answer, []byte("TransactionCanceledException")) {
		c.mu.Lock()
		c.refused++
		c.mu.Unlock()
		return
	}
	var out struct{ ConsumedCapacity json.RawMessage }
	if json.Unmarshal(answer, &out) != nil || out.ConsumedCapacity == nil {
		return
	}
	var list []consumed
	if json.Unmarshal(out.ConsumedCapacity, &list) != nil {
		var one consumed
		if json.Unmarshal(out.ConsumedCapacity, &one) != nil {
			return
		}
		list = []consumed{one}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, units := range list {
		table := function.Table(strings.TrimPrefix(units.TableName, c.prefix))
		if table == function.Members && operation == "BatchGetItem" { // which nothing but the guard does
			c.used.Door += units.CapacityUnits
			continue
		}
		part := c.used.Tables[table]
		if slices.Contains(reads, operation) {
			c.used.Read += units.CapacityUnits
			part.Read += units.CapacityUnits
		} else {
			c.used.Write += units.CapacityUnits
			part.Write += units.CapacityUnits
		}
		if c.used.Tables == nil {
			c.used.Tables = map[function.Table]Used{}
		}
		c.used.Tables[table] = part
	}
}
