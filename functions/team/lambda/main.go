// Command lambda is the bootstrap of the function team on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/team"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(team.Function) }
