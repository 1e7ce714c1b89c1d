import Tensors
import Testing

@Suite struct OperationClockTests {
    @Test func innerOperationGetsItsTime() {
        let clock = OperationClock()
        clock.measure(.crossEntropy) {
            clock.measure(.matmul) { spend(.milliseconds(20)) }
        }
        #expect(clock.seconds(.matmul) >= 0.02)
        #expect(clock.seconds(.crossEntropy) < clock.seconds(.matmul))
        #expect(clock.seconds(.attention) == 0)
        clock.reset()
        #expect(clock.seconds(.matmul) == 0)
    }

    @Test func productsOfMatricesAreBooked() {
        let device = Device(threadCount: 2)
        let a = device.zeros([64, 64])
        let booked = device.operations.seconds(.matmul)
        device.multiply(a.matrix, a.matrix, into: device.uninitialized([64, 64]).matrix)
        #expect(device.operations.seconds(.matmul) > booked)
    }

    private func spend(_ duration: Duration) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {}
    }
}
