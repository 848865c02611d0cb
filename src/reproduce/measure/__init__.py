"""What a trained model gives: scores, sizes of files, rates."""
