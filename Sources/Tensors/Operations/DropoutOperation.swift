import CKernels

extension Tape {
    /// Sets a share of the elements of x [B, T, C] to 0 and scales the others by 1 / (1 - rate)
    /// (Srivastava et al., 2014). The mask is made again in the backward pass, not stored.
    package func dropout(_ x: Variable, _ dropout: Dropout) -> Variable {
        precondition(x.shape.count == 3, "expected [B, T, C], got \(x.shape)")
        guard dropout.rate > 0 else { return x }
        let out = device.dropped(x.value, dropout)
        return record(out, inputs: [x.node]) { [device, x = x.node] dy in
            x?.contribute(device.dropped(dy, dropout))
        }
    }
}

extension Device {
    fileprivate func dropped(_ x: Tensor<Float>, _ dropout: Dropout) -> Tensor<Float> {
        let out = uninitialized(x.shape)
        let sequenceSize = x.shape[1] * x.shape[2]
        let chunksInSequence = (sequenceSize + Self.grain - 1) / Self.grain
        forEach(x.shape[0] * chunksInSequence) { index in
            let (sequence, chunk) = index.quotientAndRemainder(dividingBy: chunksInSequence)
            let first = chunk * Self.grain
            let start = sequence * sequenceSize + first
            var stream = dropout.kernelStream(sequence: sequence)
            kernel_dropout(
                out.pointer + start, x.pointer + start, min(Self.grain, sequenceSize - first),
                UInt(first), &stream)
        }
        return out
    }
}
