package partnership

import (
	"context"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
)

const deliveryPrefix = "DELIVERY#"

// DeliveryPartition is where a message of a partner stands, by its webhook-id.
func DeliveryPartition(partner, webhook string) string {
	return deliveryPrefix + partner + "#" + webhook
}

// Waiting counts, by the name of the partner, the messages that were refused,
// whole or in part, and that wait for the team. A message in several parts is
// marked in each of them and counts once: every page that says how many there
// are asks here. It costs half a read unit for each 4 KB of marks.
func Waiting(ctx context.Context, table dynamo.Table) (map[string]int, error) {
	keys, err := openwork.Keys(ctx, table, openwork.Refused)
	if err != nil {
		return nil, err
	}
	counts, known := map[string]int{}, map[string]bool{}
	for _, key := range keys {
		if !known[key.PK] {
			known[key.PK] = true
			partner, _, _ := strings.Cut(strings.TrimPrefix(key.PK, deliveryPrefix), "#")
			counts[partner]++
		}
	}
	return counts, nil
}
