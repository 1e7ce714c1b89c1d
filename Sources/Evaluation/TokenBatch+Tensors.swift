import Datasets
import Tensors

extension TokenBatch {
    /// The inputs of some sequences, [sequences, T].
    package func inputTensor(of part: Range<Int>, on device: Device) -> Tensor<Int32> {
        tensor(inputs, part, device)
    }

    /// The targets of some sequences, [sequences, T].
    package func targetTensor(of part: Range<Int>, on device: Device) -> Tensor<Int32> {
        tensor(targets, part, device)
    }

    private func tensor(_ ids: [Int32], _ part: Range<Int>, _ device: Device) -> Tensor<Int32> {
        let tokens = part.lowerBound * sequenceLength..<part.upperBound * sequenceLength
        return device.tensor(ids[tokens], shape: [part.count, sequenceLength])
    }
}
