import Tensors
import Testing

@Suite struct TensorTests {
    private let device = Device(threadCount: 1)

    private var counting: Tensor<Float> {
        device.tensor((0..<24).map { Float($0) }, shape: [4, 3, 2])
    }

    @Test func shapeGivesRowsAndColumns() {
        let tensor = counting
        #expect(tensor.count == 24 && tensor.rowCount == 12 && tensor.columnCount == 2)
        let scalar = device.tensor([5] as [Float], shape: [])
        #expect(scalar.count == 1 && scalar.rowCount == 1 && scalar.columnCount == 1)
        #expect(device.uninitialized([3, 0]).array == [])
    }

    @Test func viewsShareTheirStorage() {
        let tensor = counting
        let slice = tensor.slice(1..<3)
        let view = slice.reshaped([12]).view(from: 2, shape: [2, 2])
        #expect(slice.shape == [2, 3, 2] && slice.array == (6..<18).map { Float($0) })
        #expect(view.array == [8, 9, 10, 11])
        view.pointer[0] = -1
        #expect(tensor.array[8] == -1 && slice.array[2] == -1)
    }

    @Test func aViewKeepsTheMemoryAlive() {
        let view = counting.slice(3..<4)
        let others = (0..<3).map { _ in device.zeros([4, 3, 2]) }
        #expect(others.count == 3)
        #expect(view.array == [18, 19, 20, 21, 22, 23])
    }

    @Test func copyFillAndAddWriteEveryElement() {
        let count = Device.grain + 5
        let (a, b) = (device.uninitialized([count]), device.zeros([count]))
        device.fill(a, with: 3)
        device.copy(a, to: b)
        device.add(a, b, into: b)
        #expect(a.array.allSatisfy { $0 == 3 } && b.array.allSatisfy { $0 == 6 })
    }

    @Test func sumsAreMadeInDouble() {
        let tensor = device.uninitialized([100_001])
        device.fill(tensor, with: 0.1)
        let expected = Double(Float(0.1)) * 100_001
        #expect(abs(device.sum(tensor) / expected - 1) < 1e-12)
    }
}
