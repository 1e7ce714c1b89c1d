import Datasets
import Tensors

extension TokenBatch {
    /// The inputs of some sequences, [sequences, T]; T is the length of the longest of them.
    package func inputTensor(of part: Range<Int>, on device: Device) -> Tensor<Int32> {
        tensor(inputs, part, device)
    }

    /// The targets of some sequences, [sequences, T]; T is the length of the longest of them.
    package func targetTensor(of part: Range<Int>, on device: Device) -> Tensor<Int32> {
        tensor(targets, part, device)
    }

    private func tensor(_ ids: [Int32], _ part: Range<Int>, _ device: Device) -> Tensor<Int32> {
        let width = longest(of: part)
        let rows = part.flatMap { sequence in
            ids[sequence * sequenceLength..<sequence * sequenceLength + width]
        }
        return device.tensor(rows, shape: [part.count, width])
    }
}
