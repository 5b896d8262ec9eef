// Package applicant says where the table Applications keeps the people whom
// applications name, for the function that writes it, cohort, and for
// registration, which asks for the erasure of those who fell silent.
package applicant

import "time"

// Prefix begins the sort keys of what applications hold on a person.
const Prefix = "MEMBER#"

// Index is that of the table Applications which lists everyone, by when they
// were named: its partition is Everyone.
const (
	Index    = "members"
	Everyone = "members"
)

// Named is someone whom an application names, as far as they are written to.
type Named struct {
	GivenName  string    `dynamodbav:"given_name"`
	FamilyName string    `dynamodbav:"family_name"`
	Email      string    `dynamodbav:"email"`
	CreatedAt  time.Time `dynamodbav:"created_at"`
}
