"""What finds things in pictures. An eye is anything with a name, its kinds and `look`; all run through ONNX Runtime."""
