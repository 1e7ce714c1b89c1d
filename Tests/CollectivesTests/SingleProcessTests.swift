import Collectives
import Testing

@Suite struct SingleProcessTests {
    let communicator = SingleProcess()

    @Test func reductionsReturnTheOnlyRanksValues() throws {
        #expect(try communicator.allReduce([3, -4], IntegerReduction.sum) == [3, -4])
        #expect(try communicator.allReduce([0.5, -2], DoubleReduction.minimum) == [0.5, -2])
        #expect(try communicator.agreedMaximum(of: 7) == 7)
    }

    @Test func gathersAndBroadcastsReturnWhatTheyWereGiven() throws {
        #expect(try communicator.allGather([1.5, 2.5]) == [1.5, 2.5])
        #expect(try communicator.allGather([Int64]()) == [])
        #expect(try communicator.allGather(ofAnySize: [1, 2, 3]) == [[1, 2, 3]])
        #expect(try communicator.broadcast([UInt16(9), 8], from: 0) == [9, 8])
    }

    @Test func exchangeThatIsDroppedTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = try SingleProcess().exchange(sends: [], receives: [])
        }
        await #expect(processExitsWith: .success) {
            try SingleProcess().exchange(sends: [], receives: []).wait()
        }
    }
}
