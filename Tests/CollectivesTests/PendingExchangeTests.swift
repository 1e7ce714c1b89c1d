import Collectives
import Diagnostics
import Testing

/// Without messages; those of real jobs are in `DistributedTests`.
@Suite struct PendingExchangeTests {
    @Test func stepsFollowInTheOrderInWhichTheyWereAdded() throws {
        var trace: [Int] = []
        func step(_ number: Int) -> () throws -> PendingExchange? {
            {
                trace.append(number)
                return nil
            }
        }
        let exchange = try PendingExchange().then {
            try PendingExchange().then(step(1)).then(step(2))
        }.then(step(3))
        #expect(try exchange.test())
        try exchange.wait()
        #expect(trace == [1, 2, 3])
    }

    @Test func aStepThatFailsEndsTheExchange() throws {
        #expect(throws: Failure.self) {
            _ = try PendingExchange().then { throw Failure("no memory") }
        }
    }
}
