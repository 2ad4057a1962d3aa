"""What finds things in pictures: eyes (`plugs.Eye`) and face finders. All networks run through ONNX Runtime."""
