export const crossings = [
  { time: '06:10', to: 'Visby', miles: 90 },
  { time: '09:40', to: 'Danzig', miles: 210 },
  { time: '15:25', to: 'Reval', miles: 320 },
];
